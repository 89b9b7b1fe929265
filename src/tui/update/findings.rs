//! What is wrong or odd in the open template: told, listed and gone to.

use super::{lists::renew, step::Step};
use crate::{
    model::TemplateId,
    prompt::Finding,
    tui::state::{Document, Focus, Lead, ListDialog, ListKind, ListRow, Overlay, Screen},
    tui::widgets::editor::Position,
};

/// Where something was found, in words.
pub(super) fn whereabouts(finding: &Finding) -> String {
    match &finding.file {
        Some(file) => format!("{file}, line {}", finding.line),
        None => format!("line {}", finding.line),
    }
}

/// A row for everything found, the gravest first.
fn rows(document: &Document) -> Vec<ListRow> {
    let mut findings: Vec<&Finding> = document.analysis.findings.iter().collect();
    // Stable: what is alike grave stays in the order of its places.
    findings.sort_by_key(|finding| finding.severity);
    let row = |finding: &Finding| {
        let place = format!("{}:{}", finding.line, finding.column);
        let file = finding.file.as_ref().map_or_else(String::new, |file| format!("{file}:"));
        ListRow {
            name: format!("{file}{place}"),
            detail: finding.message.clone(),
            leads: Lead::Finding(finding.clone()),
        }
    };
    findings.into_iter().map(row).collect()
}

impl Step<'_> {
    /// Lists what is wrong or odd in the open template.
    pub fn open_findings(&mut self) {
        let Some(document) = &self.state.document else {
            return self.warn("No template is open; pick one in the library");
        };
        let rows = rows(document);
        if rows.is_empty() {
            let told = if document.analysed.is_some() {
                "Nothing is wrong or odd in this template"
            } else {
                "The template is still being read"
            };
            return self.tell(told);
        }
        self.put_in_front(Overlay::List(ListDialog::new(ListKind::Findings, rows)));
    }

    /// A list of findings that is in front follows a new reading.
    pub fn renew_findings(&mut self) {
        let Some(rows) = self.state.document.as_ref().map(rows) else { return };
        let list = self.state.overlays.iter_mut().find_map(|overlay| match overlay {
            Overlay::List(list) if list.kind == ListKind::Findings => Some(list),
            _ => None,
        });
        if let Some(list) = list {
            renew(list, rows);
        }
    }

    /// Goes to where something was found: a line here, or that of another template. A file that
    /// is no template is named.
    pub fn go_to_finding(&mut self, finding: &Finding) {
        let told = format!("{}: {}", whereabouts(finding), finding.message);
        let line = finding.line.saturating_sub(1);
        let Some(file) = &finding.file else {
            self.show(Screen::Workbench);
            self.state.set_focus(Focus::Editor);
            // The editor has its size first, so that the line comes into sight.
            self.state.fit();
            if let Some(document) = &mut self.state.document {
                let text = document.editor.buffer().line(line);
                let column = finding.column.saturating_sub(1);
                let byte = text.char_indices().nth(column).map_or(text.len(), |(byte, _)| byte);
                document.editor.go_to(Position::new(line, byte));
            }
            return self.tell(told);
        };
        let template = TemplateId::new(file).ok();
        match template.filter(|id| self.state.library.entry(id).is_some()) {
            Some(id) => {
                self.go_to(id, Some(line));
                self.tell(told);
            }
            None => self.tell(format!("{told}; an editor outside opens that file")),
        }
    }
}
