//! Every rule for secrets finds what it is for and leaves alone what only looks like it.

use std::collections::BTreeSet;

use super::{super::*, made};

/// Letters and digits in disorder, as many as asked for.
fn noise(length: usize) -> String {
    "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0".chars().cycle().take(length).collect()
}

fn hex(length: usize) -> String {
    "3f9a0c7be1d84265".chars().cycle().take(length).collect()
}

struct Case {
    rule: &'static str,
    /// What is to be taken out, whole.
    secrets: Vec<String>,
    /// What stays as it is.
    plain: Vec<String>,
}

fn case(rule: &'static str, secrets: &[&[&str]], plain: &[&str]) -> Case {
    let secrets = secrets.iter().map(|parts| made(parts)).collect();
    Case { rule, secrets, plain: plain.iter().map(|text| (*text).to_owned()).collect() }
}

fn prefixed() -> Vec<Case> {
    let (n20, n24, n40, n48) = (&*noise(20), &*noise(24), &*noise(40), &*noise(48));
    let (h32, h48, h64) = (&*hex(32), &*hex(48), &*hex(64));
    let lower: String = noise(48).to_lowercase();
    vec![
        case(
            "anthropic-key",
            &[
                &["sk-ant-", "api03-", n40, "-", n40],
                &["sk-ant-", "admin01-", n40],
                &["sk-ant-", "oat01-", n24],
            ],
            &["sk-ant-", "sk-ant-short", "task-ant-colony-behaviour-of-the-year"],
        ),
        case(
            "openrouter-key",
            &[&["sk-or-", "v1-", h64], &["sk-or-", "v1-", h32], &["sk-or-", h32]],
            &["sk-or-v1-", "sk-or-v1-nothexadecimalnothexadecimalnothex", "desk-or-table"],
        ),
        case(
            "openai-key",
            &[
                &["sk-", "proj-", n48, "T3Blbk", "FJ", n20],
                &["sk-", n20, "T3Blbk", "FJ", n20],
                &["sk-", "svcacct-", n40],
                &["sk-", n48],
            ],
            &[
                "sk-proj-short",
                "sk-proj-xxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                "sk-your-key-here-please-and-thank-you",
                "sk-learn-regression-and-classification",
            ],
        ),
        case(
            "langfuse-key",
            &[
                &["sk-lf-", "3f9a0c7b-e1d8-4265-93f9-a0c7be1d8426"],
                &["sk-lf-", "00c7be1d-8426-4265-93f9-3f9a0c7be1d8"],
                &["sk-lf-", "93f9a0c7-be1d-8426-4265-be1d84263f9a"],
            ],
            &["sk-lf-", "sk-lf-1234", "pk-lf-3f9a0c7b-e1d8-4265-93f9-a0c7be1d8426"],
        ),
        case(
            "deepseek-key",
            &[
                &["sk-", h32],
                &["sk-", "be1d84263f9a0c7be1d842653f9a0c7b"],
                &["sk-", "0c7be1d842653f9a0c7be1d842653f9a"],
            ],
            &[
                "sk-00000000000000000000000000000000",
                "sk-3f9a0c7b",
                "risk-3f9a0c7be1d842653f9a0c7be1d84265",
            ],
        ),
        case(
            "google-key",
            &[
                &["AI", "za", &noise(35)],
                &["AI", "za", "SyD-", &noise(31)],
                &["AI", "za", "Sy", &noise(20), "_", &noise(12)],
            ],
            &[
                "AIzaSy",
                "AIzaXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
                "MAIzaSyD1234567890123456789012345678901",
            ],
        ),
        case(
            "groq-key",
            &[&["gsk", "_", &noise(52)], &["gsk", "_", n40], &["gsk", "_", "WGdyb3FY", n48]],
            &[
                "gsk_",
                "gsk_dispatch_interval_of_the_table_of_all_things",
                "gsk_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            ],
        ),
        case(
            "xai-key",
            &[&["xai", "-", &noise(80)], &["xai", "-", n48], &["xai", "-", "Zy", &noise(70)]],
            &[
                "xai-",
                "xai-explainable-models-and-their-many-many-methods-of-today",
                "xai-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            ],
        ),
        case(
            "fireworks-key",
            &[&["fw", "_", n24], &["fw", "_", &noise(22)], &["fw", "_", "3Z", n20]],
            &["fw_update_status_and_firmware_version", "fw_aaaaaaaaaaaaaaaaaaaaaaaa", "fw_short1"],
        ),
        case(
            "together-key",
            &[
                &["tgp", "_v1_", &noise(43)],
                &["tgp", "_v1_", "-", &noise(42)],
                &["tgp", "_v1_", n40],
            ],
            &["tgp_v1_", "tgp_v2_something_else_that_is_long_enough_to_see", "tgp_v1_short"],
        ),
        case(
            "perplexity-key",
            &[&["pplx", "-", n48], &["pplx", "-", n40], &["pplx", "-", "Zz9", n48]],
            &[
                "pplx-7b-online",
                "pplx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                "the pplx-metric",
            ],
        ),
        case(
            "cerebras-key",
            &[&["csk", "-", &lower], &["csk", "-", "9", &lower], &["csk", "-", "z1", &lower]],
            &["csk-short", "csk-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "desk-csk"],
        ),
        case(
            "nvidia-key",
            &[&["nvapi", "-", &noise(64)], &["nvapi", "-", "_", &noise(63)], &["nvapi", "-", n48]],
            &[
                "nvapi-",
                "nvapi-reference",
                "nvapi-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            ],
        ),
        case(
            "replicate-token",
            &[
                &["r8", "_", &noise(37)],
                &["r8", "_", "Zz", &noise(35)],
                &["r8", "_", "9", &noise(36)],
            ],
            &["r8_register", "r8_00000000000000000000000000000000000000", "r8_"],
        ),
        case(
            "hugging-face-token",
            &[&["hf", "_", &noise(34)], &["api_org", "_", &noise(34)], &["hf", "_", &noise(37)]],
            &[
                "hf_hub_download",
                "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                "hf_transformers_cache_directory",
            ],
        ),
        case(
            "aws-access-key-id",
            &[
                &["AK", "IA", "QWERTYUIOP234567"],
                &["AS", "IA", "Z7WERT2YUIOP4ASD"],
                &["AB", "IA", "2ZWERTYUIOPASDFG"],
            ],
            &["AKIAIOSFODNN7EXAMPLE", "AKIAAAAAAAAAAAAAAAAA", "AKIA1234"],
        ),
        case(
            "google-oauth-secret",
            &[
                &["GOC", "SPX-", &noise(28)],
                &["GOC", "SPX-", "_", &noise(27)],
                &["GOC", "SPX-", n24],
            ],
            &["GOCSPX-", "GOCSPX-short", "gocspx-aB3dE6gH9jK2mN5pQ8sT1vW4yZ7c"],
        ),
        case(
            "google-oauth-token",
            &[
                &["ya", "29.", &noise(60)],
                &["ya", "29.", "a0A", &noise(50)],
                &["ya", "29.", "Zb3", &noise(40)],
            ],
            &["ya29.", "ya29.short", "maya29.aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0"],
        ),
        case(
            "digitalocean-token",
            &[&["dop", "_v1_", h64], &["doo", "_v1_", h64], &["dor", "_v1_", h48]],
            &[
                "dop_v1_",
                "dop_v2_3f9a0c7be1d842653f9a0c7be1d842653f9a0c7be1d84265",
                "dop_v1_nothexadecimalnothexadecimalnothexadecimalnothex",
            ],
        ),
        case(
            "databricks-token",
            &[
                &["da", "pi", h32],
                &["da", "pi", h32, "-2"],
                &["da", "pi", "be1d84263f9a0c7be1d842653f9a0c7b"],
            ],
            &["dapi", "dapisomethingelse", "adapi3f9a0c7be1d842653f9a0c7be1d84265"],
        ),
        case(
            "github-token",
            &[
                &["gh", "p_", &noise(36)],
                &["gh", "s_", n40],
                &["github", "_pat_", &noise(22), "_", &noise(59)],
            ],
            &[
                "ghp_",
                "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                "github_pat_short",
                "ghp_not_a_token_but_a_name_of_a_variable_x",
            ],
        ),
        case(
            "gitlab-token",
            &[&["gl", "pat-", n20], &["gl", "dt-", n20], &["gl", "rt-", "t1_", n24]],
            &["glpat-", "glpat-xxxxxxxxxxxxxxxxxxxx", "glpat-short"],
        ),
        case(
            "npm-token",
            &[
                &["npm", "_", &noise(36)],
                &["npm", "_", "Zz", &noise(34)],
                &["npm", "_", "9", &noise(35)],
            ],
            &[
                "npm_config_registry",
                "npm_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                "npm_package_version",
            ],
        ),
        case(
            "pypi-token",
            &[
                &["pypi", "-AgEIcHlwaS5vcmc", &noise(60)],
                &["pypi", "-AgEN", n48],
                &["pypi", "-AgE", n40],
            ],
            &["pypi-server", "pypi-AgE", "pypi-AgEshort"],
        ),
        case(
            "slack-token",
            &[
                &["xox", "b-", "123456789012-", "1234567890123-", n24],
                &["xox", "p-", "123456789012-", n24],
                &["xapp", "-1-", "A0B1C2D3E4F-", n24],
            ],
            &["xoxb-", "xoxb-not-a-token", "xoxo-hugs-and-kisses-to-you"],
        ),
        case(
            "slack-webhook",
            &[
                &["hooks.slack", ".com/services/", "T0AB12CD3/B0EF45GH6/", n24],
                &["hooks.slack", ".com/services/", "T9ZY87XW65/B0EF45GH6/", n20],
                &["hooks.slack", ".com/workflows/", "T0AB12CD3/A0EF45GH6/", n20],
            ],
            &[
                "hooks.slack.com",
                "hooks.slack.com/services/",
                "hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
            ],
        ),
        case(
            "stripe-key",
            &[&["sk", "_live_", n24], &["rk", "_test_", n24], &["wh", "sec_", &noise(32)]],
            &["sk_live_", "sk_test_xxxxxxxxxxxxxxxxxxxxxxxx", "pk_live_aB3dE6gH9jK2mN5pQ8sT1vW4"],
        ),
        case(
            "sendgrid-key",
            &[
                &["S", "G.", &noise(22), ".", &noise(43)],
                &["S", "G.", "_-", n20, ".", &noise(43)],
                &["S", "G.", "Zz", n20, ".", n40],
            ],
            &[
                "SG.",
                "SG.short.short",
                "USG.aB3dE6gH9jK2mN5pQ8sT1v.aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0aB3dE6gH9jK2m",
            ],
        ),
        case(
            "twilio-key",
            &[
                &["S", "K", h32],
                &["S", "K", "be1d84263f9a0c7be1d842653f9a0c7b"],
                &["S", "K", "0c7be1d842653f9a0c7be1d842653f9a"],
            ],
            &[
                "SK00000000000000000000000000000000",
                "SK3f9a",
                "DISK3f9a0c7be1d842653f9a0c7be1d84265",
            ],
        ),
        case(
            "jwt",
            &[
                &[
                    "eyJ",
                    "hbGciOiJIUzI1NiJ9",
                    ".eyJ",
                    "zdWIiOiIxMjM0In0",
                    ".dozjgNryP4J3jVmNHl0w5N",
                ],
                &["eyJ", "0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9", ".eyJ", "pc3MiOiJtZSJ9", ".c2ln"],
                &["eyJ", "hbGciOiJub25lIn0", ".eyJ", "hIjoxLCJiIjoyfQ", "."],
            ],
            &["eyJhbGciOiJIUzI1NiJ9", "eyJ.eyJ.eyJ", "the prefix eyJ stands for {\""],
        ),
        case(
            "private-key",
            &[
                &[
                    "-----BEGIN ",
                    "PRIVATE KEY-----\n",
                    &noise(64),
                    "\n",
                    n20,
                    "==\n-----END PRIVATE KEY-----",
                ],
                &[
                    "-----BEGIN OPENSSH ",
                    "PRIVATE KEY-----\\n",
                    &noise(64),
                    "\\n-----END OPENSSH PRIVATE KEY-----",
                ],
                &[
                    "-----BEGIN RSA ",
                    "PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,3F9A\n\n",
                    &noise(64),
                    "\n-----END RSA PRIVATE KEY-----",
                ],
            ],
            &[
                "-----BEGIN PRIVATE KEY-----",
                "A file begins with -----BEGIN PRIVATE KEY----- and ends with -----END PRIVATE KEY-----",
                "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\n-----END PUBLIC KEY-----",
            ],
        ),
    ]
}

/// A rule, texts with what becomes of them, and texts that stay.
type Named = (&'static str, Vec<(String, String)>, Vec<&'static str>);

/// Secrets told by what stands before them: the text around them stays.
fn named() -> Vec<Named> {
    let (n32, n40) = (noise(32).to_lowercase(), noise(40));
    let pair = |rule: &str, before: &str, secret: &str, after: &str| {
        (format!("{before}{secret}{after}"), format!("{before}[redacted:{rule}]{after}"))
    };
    let mistral = |before, after| pair("mistral-key", before, &n32, after);
    let together = |before, after| pair("together-key", before, &hex(64), after);
    let cohere = |before, after| pair("cohere-key", before, &n40, after);
    let aws = |before, after| pair("aws-secret-key", before, &noise(40), after);
    let bearer = |before, after| pair("bearer-token", before, &noise(30), after);
    let address = |before, secret, after| pair("url-password", before, secret, after);
    let assigned = |before, secret, after| pair("assigned-secret", before, secret, after);
    let basic = |before, secret, after| pair("basic-credentials", before, secret, after);
    let password = |before, secret, after| pair("assigned-password", before, secret, after);
    vec![
        (
            "mistral-key",
            vec![
                mistral("MISTRAL_API_KEY=", "\n"),
                mistral("mistral key: \"", "\""),
                mistral("export MISTRAL_KEY='", "'"),
            ],
            vec![
                "MISTRAL_API_KEY=",
                "mistral-large-latest = best",
                "MISTRAL_API_KEY=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            ],
        ),
        (
            "together-key",
            vec![
                together("TOGETHER_API_KEY=", ""),
                together("together key: ", "."),
                together("\"together_key\":\"", "\""),
            ],
            vec![
                "together = alone",
                "TOGETHER_API_KEY=$TOGETHER",
                "put together: 3f9a0c7be1d84265",
            ],
        ),
        (
            "cohere-key",
            vec![
                cohere("COHERE_API_KEY=", "\n"),
                cohere("CO_API_KEY=\"", "\""),
                cohere("cohere key: ", ""),
            ],
            vec![
                "cohere: to stick together",
                "CO_API_KEY=",
                "COHERE_API_KEY=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            ],
        ),
        (
            "aws-secret-key",
            vec![
                aws("aws_secret_access_key = ", "\n"),
                aws("AWS_SECRET_ACCESS_KEY=\"", "\""),
                aws("\"SecretAccessKey\": \"", "\","),
            ],
            vec![
                "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                "aws_secret_access_key = ${SECRET}",
                "aws_region = eu-central-1",
            ],
        ),
        (
            "bearer-token",
            vec![
                bearer("Authorization: Bearer ", "\n"),
                bearer("-H 'authorization: bearer ", "'"),
                bearer("Authorization: Basic ", "\""),
            ],
            vec![
                "Authorization: Bearer $TOKEN",
                "the bearer of good news and of many other things",
                "Bearer YOUR_API_KEY_1234567890_HERE",
            ],
        ),
        (
            "url-password",
            vec![
                address("postgres://admin:", "s3cr3t-Pa55", "@db.local:5432/app"),
                address("https://me:", "hunter22x", "@host.test/x"),
                address("redis://:", "q8W2e4R6", "@cache:6379"),
            ],
            vec![
                "http://localhost:8080/v1",
                "https://user:${PASSWORD}@host",
                "mailto:jane@host.test",
                "https://host.test/@me:you",
            ],
        ),
        (
            "basic-credentials",
            vec![
                basic("Authorization: Basic ", "dXNlcjpwYXNz", "\n"),
                basic("-H 'authorization: basic ", "YWRtaW46YWRtaW4=", "'"),
                basic("\"Authorization\": \"Basic ", "dXNlcjpwYXNzd29yZA==", "\""),
            ],
            vec![
                "Authorization: Basic authentication is old",
                "Authorization: Basic $CREDENTIALS",
                "authorization: basic base64encoded",
                "basic dXNlcjpwYXNz",
            ],
        ),
        (
            "assigned-password",
            vec![
                password("password: ", "hunter2hunter2", "\n"),
                password("db.password = '", "Tr0ub4dor&3x", "'"),
                password("my pwd=", "hunter2x", ";"),
                password("\"passwd\": \"", "s3cr3t-Pa55", "\""),
                password("DB_PASSWORD=\"", "c0rrect horse battery", "\""),
                password("export PGPASSWD='", "battery staple", "'\n"),
            ],
            vec![
                "password: required",
                "password = get_password_from_vault()",
                "\"password\": \"Must be at least 8 characters\"",
                "password: 12345678",
                "password: min8",
                "DB_PASSWORD=\"$(cat /run/secrets/db1)\"",
                "DB_PASSWORD=\"your password here\"",
                "PASSWORD_PROMPT=\"Enter the password\"",
                "DB_PASSWORD=\"\"",
            ],
        ),
        (
            "assigned-secret",
            vec![
                assigned("API_KEY=", "q8W2e4R6t9Y1u3I5o7P0", "\n"),
                assigned("\"client_secret\": \"", "a1B2c3D4e5F6g7H8", "\","),
                assigned("auth_token = '", "Tr0ub4dor&3x", "'"),
                assigned("SERVICE_ACCESS_TOKEN := ", "zX9-cV8_bN7.mK6", ""),
            ],
            vec![
                "api_key = os.environ.get",
                "secret = get_secret_from_vault()",
                "secret_key = \"your-secret-key-goes-here-1\"",
                "token: string | undefined | null",
                "max_tokens = 1234567890123456",
                "API_KEY=xxxxxxxxxxxxxxxx1",
            ],
        ),
    ]
}

fn secrets() -> Redactor {
    let selection = Selection { secrets: true, ..Selection::default() };
    Redactor::new(&selection).expect("the built-in patterns are valid")
}

#[test]
fn every_rule_finds_what_it_is_for_and_nothing_else() {
    let redactor = secrets();
    let mut failures = Vec::new();
    let mut expect = |text: &str, wanted: &str| {
        let redacted = redactor.redact(text).text.into_owned();
        if redacted != wanted {
            failures.push(format!("{text}\n  gave   {redacted}\n  wanted {wanted}"));
        }
    };
    for case in prefixed() {
        assert!(case.secrets.len() >= 3 && case.plain.len() >= 3, "{}", case.rule);
        for secret in &case.secrets {
            for (before, after) in
                [("", ""), ("it is ", ". More"), ("(", ")"), ("\"", "\",\n"), ("é", "é")]
            {
                expect(
                    &format!("{before}{secret}{after}"),
                    &format!("{before}{}{after}", marker(case.rule)),
                );
            }
        }
        for plain in &case.plain {
            expect(plain, plain);
        }
    }
    for (rule, found, plain) in named() {
        assert!(found.len() >= 3 && plain.len() >= 3, "{rule}");
        for (text, wanted) in &found {
            expect(text, wanted);
        }
        for plain in plain {
            expect(plain, plain);
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_rule_has_its_cases_and_a_name_of_whole_words() {
    let tested: BTreeSet<&str> =
        prefixed().iter().map(|case| case.rule).chain(named().iter().map(|case| case.0)).collect();
    let rules: BTreeSet<&str> =
        rules().filter(|rule| rule.kind == Kind::Secret).map(|rule| rule.name).collect();
    assert_eq!(tested, rules);
    assert!(rules.iter().all(|name| {
        name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
    }));
}

#[test]
fn a_key_beside_its_name_is_told_by_its_own_look() {
    let redactor = secrets();
    let key = made(&["sk-", "ant-", "api03-", &noise(60)]);
    assert_eq!(
        redactor.redact(&format!("API_KEY={key};")).text,
        "API_KEY=[redacted:anthropic-key];"
    );
    let jwt = made(&["eyJ", "hbGciOiJIUzI1NiJ9", ".eyJ", "zdWIiOiIxMjM0In0", ".dozjgNryP4J3jVmN"]);
    assert_eq!(redactor.redact(&format!("Bearer {jwt}")).text, "Bearer [redacted:jwt]");
}

#[test]
fn what_is_left_out_or_added_by_settings_is() {
    let key = made(&["gh", "p_", &noise(36)]);
    let selection = Selection {
        secrets: true,
        off: BTreeSet::from(["github-token".to_owned()]),
        patterns: vec![("ticket".to_owned(), r"TICKET-(\d{4})".to_owned())],
        ..Selection::default()
    };
    let redactor = Redactor::new(&selection).expect("valid");
    let text = format!("{key} TICKET-1234");
    assert_eq!(redactor.redact(&text).text, format!("{key} TICKET-[redacted:ticket]"));
    assert_eq!(redactor.findings("é TICKET-1234").first().map(|it| it.range.clone()), Some(10..14));
}

#[test]
fn a_pattern_that_has_no_end_or_no_sense_is_refused() {
    for (pattern, reason) in [
        ("a.*b", "at most"),
        ("x*", "at least one"),
        ("(", "unclosed group"),
        (r"\w{1000}{1000}", ""),
    ] {
        let error = check_pattern(pattern).expect_err(pattern);
        assert!(error.contains(reason), "{pattern}: {error}");
    }
    assert_eq!(check_pattern(r"EMP-\d{6}"), Ok(()));
}

/// Patterns of the user's own that take for ever in engines that backtrack.
#[test]
fn no_pattern_of_ones_own_takes_for_ever() {
    for pattern in [
        "(a+)+$",
        "(a*)*b",
        "(a|a)*b",
        "(a|aa)+$",
        "(.*)*x",
        "(x+x+)+y",
        r"(\w+\s?)*!",
        "(a|a?)+$",
        r"^\s+|\s+$",
        r"(\d+)*e",
        "([a-z]+)*[A-Z]",
        "(.+)+b",
    ] {
        assert!(check_pattern(pattern).is_err(), "{pattern} has no end");
    }
    let patterns: Vec<(String, String)> = [
        "(?:a{1,10}){1,10}b",
        "(?:a?){60}a{60}b",
        "(?:a|aa){1,80}b",
        "(?:a|a){1,90}c",
        "(?:.{0,20}a){1,9}!",
        r"(?:[A-Za-z]{1,6} ?){1,12}[0-9]",
        r"(?:\d{1,9}){1,9}e",
        "(?:x{1,9}x{1,9}){1,20}y",
        r"\b(?:a{1,5}\b.?){1,20}z",
        "(?:[a-z]{1,20}){1,20}[A-Z]",
        "(?:a{0,9}){1,9}b",
        "(?:ab?a?){1,99}c",
        r"(?:\s{1,20}){1,15}x",
    ]
    .iter()
    .enumerate()
    .map(|(at, pattern)| (format!("own-{at}"), (*pattern).to_owned()))
    .collect();
    for (name, pattern) in &patterns {
        assert_eq!(check_pattern(pattern), Ok(()), "{name}: {pattern}");
    }
    // Each alone on a long text, and all of them together on one of every kind.
    for pattern in &patterns {
        let own = Selection { patterns: vec![pattern.clone()], ..Selection::default() };
        let text = "a".repeat(10 << 20) + "!";
        let redacted = Redactor::new(&own).expect("valid").redact(&text);
        assert!(redacted.text.len() <= text.len(), "{pattern:?}");
    }
    let redactor = Redactor::new(&Selection { patterns, ..Selection::default() }).expect("valid");
    for piece in ["aaaa ", "1", "x", " "] {
        let text = piece.repeat((1 << 20) / piece.len());
        assert_eq!(redactor.redact(&text).text.len(), text.len(), "{piece}");
    }
}

#[test]
fn what_stands_for_a_secret_is_no_secret() {
    let redactor = super::everything();
    for rule in rules() {
        for text in [marker(rule.name), format!("api_key={}", marker(rule.name))] {
            assert_eq!(redactor.redact(&text).text, text);
        }
    }
}

/// The guard of replies passes over most prose unread, and must pass over no secret so.
#[test]
fn the_guard_of_replies_finds_whatever_a_rule_finds() {
    use crate::{
        model::{GuardAction, Guards},
        safety::guard::{Reply, outgoing},
    };
    let guards = Guards { output: GuardAction::Block, ..Guards::off() };
    let short = [
        "the password: hunt3r-2",
        "pwd=Zq9!xw4t",
        "MY_PASS=\"to be or no\"",
        "authorization: basic YTpiY2Q=",
        "see ftp://a:zq9@h",
        "token: Zq9xw4tbK2mN",
        "api key = Zq9xw4tbK2mN",
    ];
    let of_rules = prefixed().into_iter().flat_map(|case| case.secrets);
    let named = named().into_iter().flat_map(|(_, found, _)| found).map(|(text, _)| text);
    let redactor = secrets();
    for text in of_rules.chain(named).chain(short.map(str::to_owned)) {
        assert_ne!(redactor.redact(&text).text, text, "no rule finds it");
        let verdict = outgoing(&Reply { parts: &[&text], messages: &[], canary: None }, &guards);
        assert!(verdict.blocked.is_some(), "{text}");
    }
}
