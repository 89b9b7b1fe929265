//! Whether a workspace's templates may be milder than the user's own settings, and what happens
//! where they may not.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::{App, workspace::Workspace};
use crate::{
    config::{Environment, NoticeKind, Paths, is_trusted, templates_hash, trust_workspace},
    model::{ContentHash, Guards, Recovery},
    prompt::Template,
};

/// Whether the user trusts the templates of the open workspace. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct TemplateTrust {
    /// What stands for the folder; `None` for the sample, which is part of the program.
    hash: Option<ContentHash>,
    trusted: Arc<AtomicBool>,
}

/// What the user has come to trust, and that did not count before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trusted {
    /// Settings of the workspace's file; they count from the next start on.
    pub settings: Vec<String>,
    /// Whether templates of the folder may be milder than the user's settings, from now on.
    pub templates: bool,
}

/// What holds for a template's calls.
pub(super) struct Rules {
    pub guards: Guards,
    pub recovery: Recovery,
    /// What was left out, and how it comes to count.
    pub remark: Option<String>,
}

impl TemplateTrust {
    pub fn of(workspace: &Workspace, paths: &Paths, environment: &Environment) -> Self {
        let folder = workspace.folder().filter(|_| !workspace.is_embedded());
        let hash = folder.map(templates_hash);
        let trusted = hash.as_ref().is_none_or(|hash| is_trusted(paths, environment, hash));
        Self { hash, trusted: Arc::new(AtomicBool::new(trusted)) }
    }

    fn holds(&self) -> bool {
        self.trusted.load(Ordering::Relaxed)
    }
}

impl App {
    /// What holds for a template. Takes from it what a template may not say whose workspace the
    /// user does not trust: who could write one could otherwise switch off the guards of whoever
    /// runs it, spend their money, or send their prompts to others.
    pub(super) fn rules_of(&self, template: &mut Template) -> Rules {
        let front = &mut template.front;
        let (guards, recovery) = (self.settings.guards.clone(), self.settings.recovery.clone());
        if self.templates.holds() {
            return Rules {
                guards: guards.overlaid(&front.guards),
                recovery: recovery.overlaid(&front.recovery),
                remark: None,
            };
        }
        let (guards, milder) = guards.tightened(&front.guards);
        let mut left_out: Vec<String> =
            milder.into_iter().map(|name| format!("guards.{name}")).collect();
        let (recovery, more) = recovery.lessened(&front.recovery);
        left_out.extend(more.into_iter().map(|name| format!("recovery.{name}")));
        if front.fallback.take_if(|models| !models.is_empty()).is_some() {
            left_out.push("fallback".to_owned());
        }
        for parameter in front.parameters.iter_mut().filter(|parameter| parameter.trusted) {
            parameter.trusted = false;
            left_out.push(format!("parameters.{}.trusted", parameter.name));
        }
        let remark = (!left_out.is_empty()).then(|| {
            let digits = self.templates.hash.as_ref().map_or("", |hash| hash.as_str());
            format!(
                "{} says {}; this is left out until you trust the templates of this workspace (in \
                 the workbench with trust-workspace, or with LATHE_TRUST={})",
                template.id,
                left_out.join(", "),
                digits.get(..16).unwrap_or(digits)
            )
        });
        Rules { guards, recovery, remark }
    }

    /// Trusts the workspace: its settings file as it is now, and the templates of its folder.
    ///
    /// # Errors
    /// What the system said about the list of what is trusted.
    pub async fn trust_workspace(&self) -> Result<Trusted, String> {
        let mut trusted = Trusted::default();
        let mut hashes = Vec::new();
        for kind in &*self.untrusted {
            if let NoticeKind::WorkspaceNotTrusted { hash, keys, .. } = kind {
                hashes.push(hash.clone());
                trusted.settings.clone_from(keys);
            }
        }
        if let Some(hash) = self.templates.hash.as_ref().filter(|_| !self.templates.holds()) {
            hashes.push(hash.clone());
            trusted.templates = true;
        }
        let paths = self.paths.clone();
        self.files(move |_| hashes.iter().try_for_each(|hash| trust_workspace(&paths, hash)))
            .await
            .map_err(|error| format!("cannot keep that this workspace is trusted: {error}"))?;
        if trusted.templates {
            self.templates.trusted.store(true, Ordering::Relaxed);
        }
        Ok(trusted)
    }
}

/// Trusts the templates of a folder that the user has just had made.
///
/// # Errors
/// What the system said about the folder or the list of what is trusted.
pub fn trust_templates(paths: &Paths, folder: &std::path::Path) -> std::io::Result<()> {
    trust_workspace(paths, &templates_hash(&std::fs::canonicalize(folder)?))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::{
        app::{CallOrder, PromptSource, open_below},
        config::Overrides,
        engine::CallSpec,
        model::{GuardAction, TemplateId, VariantName},
    };

    const MILD: &str = "---\nmodel: demo/fast\nguards: off\nrecovery: {mode: on, max: 5}\n\
        fallback: [demo/careful]\nparameters:\n  text: {trusted: true}\n---\nuser:\n{{ text }}\n";
    const STRICT: &str = "---\nmodel: demo/fast\nguards: {injection: block, delimiters: on}\n\
        recovery: off\n---\nuser:\n{{ text }}\n";

    fn place() -> tempfile::TempDir {
        let place = tempfile::tempdir().expect("a folder");
        let prompts = place.path().join("work/prompts");
        std::fs::create_dir_all(&prompts).expect("made");
        std::fs::write(prompts.join("mild.prompty"), MILD).expect("written");
        std::fs::write(prompts.join("strict.prompty"), STRICT).expect("written");
        place
    }

    fn open_in(place: &tempfile::TempDir, workspace: &str, trust: &str) -> App {
        let workspace = Some(place.path().join(workspace));
        let overrides = Overrides { workspace, ..Overrides::default() };
        open_below(place.path(), overrides, &[("LATHE_TRUST", trust)])
    }

    fn open(place: &tempfile::TempDir, trust: &str) -> App {
        open_in(place, "work", trust)
    }

    async fn prepared(app: &App, template: &str) -> CallSpec {
        let source = PromptSource::File(TemplateId::new(template).expect("an id"));
        let order = CallOrder {
            inputs: BTreeMap::from([("text".to_owned(), json!("words"))]),
            ..CallOrder::new(VariantName::A, source)
        };
        app.prepare(order).await.expect("prepared")
    }

    fn assert_full(spec: &CallSpec) {
        assert_eq!(spec.safeguards.guards, Guards::off());
        assert!(spec.expectations.recovery.on && spec.safeguards.untrusted.is_empty());
        assert_eq!((spec.fallback.len(), spec.remarks.as_slice()), (1, [].as_slice()));
    }

    #[tokio::test]
    async fn a_template_from_elsewhere_makes_nothing_milder_until_it_is_trusted() {
        let place = place();
        let app = open(&place, "");
        let spec = prepared(&app, "mild").await;
        assert_eq!(spec.safeguards.guards, Guards::default());
        assert_eq!(spec.safeguards.untrusted.len(), 1);
        assert!(!spec.expectations.recovery.on && spec.fallback.is_empty());
        let [told] = spec.remarks.as_slice() else { panic!("{:?}", spec.remarks) };
        for part in [
            "mild says guards.injection, guards.hidden, guards.output, recovery.mode, fallback, \
             parameters.text.trusted;",
            "trust-workspace",
            "LATHE_TRUST=",
        ] {
            assert!(told.contains(part), "{part}: {told}");
        }

        let strict = prepared(&app, "strict").await;
        assert_eq!(strict.safeguards.guards.injection, GuardAction::Block);
        assert!(strict.safeguards.guards.delimiters && strict.remarks.is_empty());

        // For one run, by the digits that were told.
        let digits = told.split("LATHE_TRUST=").nth(1).expect("digits").trim_end_matches(')');
        assert_full(&prepared(&open(&place, digits), "mild").await);
        assert!(!prepared(&open(&place, "0123456789abcdef"), "mild").await.remarks.is_empty());

        // For good, at once, and not for another folder with the same files.
        let trusted = app.trust_workspace().await.expect("kept");
        assert_eq!(trusted, Trusted { settings: Vec::new(), templates: true });
        assert_full(&prepared(&app, "mild").await);
        assert_full(&prepared(&open(&place, ""), "mild").await);
        assert_eq!(app.trust_workspace().await, Ok(Trusted::default()));
        std::fs::rename(place.path().join("work"), place.path().join("moved")).expect("moved");
        std::fs::create_dir(place.path().join("work")).expect("made");
        std::fs::rename(place.path().join("moved"), place.path().join("work/prompts-elsewhere"))
            .expect("moved");
        let app = open_in(&place, "work/prompts-elsewhere", "");
        assert!(!prepared(&app, "mild").await.remarks.is_empty());
    }

    #[tokio::test]
    async fn what_was_made_here_is_trusted() {
        let place = place();
        let home = place.path().as_os_str().to_owned();
        let environment = Environment::from_pairs([("HOME".to_owned(), home)]);
        let paths = Paths::resolve(&environment, &Overrides::default()).expect("paths");
        trust_templates(&paths, &place.path().join("work")).expect("kept");
        assert_full(&prepared(&open(&place, ""), "mild").await);
    }
}
