//! The table of secrets: what keys and tokens look like.
//!
//! A pattern says the least that makes a secret recognisable; `rest` says what else of the same
//! word belongs to it, however long it is. So little of a stream has to be held back. The shapes
//! are those their issuers print.

use super::{
    checks,
    rule::{Kind, Rest, Rule},
};

const fn secret(name: &'static str, label: &'static str, pattern: &'static str) -> Rule {
    Rule { name, label, kind: Kind::Secret, pattern, check: None, rest: Rest::None }
}

/// Every rule for secrets. Where two fit at the same place, the earlier one names it.
pub(super) const SECRETS: &[Rule] = &[
    // Keys of model providers.
    secret("anthropic-key", "an Anthropic key", r"(?-u:\b)sk-ant-[A-Za-z0-9_-]{24}").rest(Rest::Token),
    secret("openrouter-key", "an OpenRouter key", r"(?-u:\b)sk-or-(?:v1-)?[0-9a-f]{32}").rest(Rest::Token),
    secret(
        "openai-key",
        "an OpenAI key",
        r"(?-u:\b)sk-(?:(?:proj|svcacct|admin|service|None)-[A-Za-z0-9_-]{20}|[A-Za-z0-9]{20}T3BlbkFJ|[A-Za-z0-9]{40})",
    )
    .check(checks::not_filled_in)
    .rest(Rest::Token),
    secret("langfuse-key", "a Langfuse key", r"(?-u:\b)sk-lf-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}").rest(Rest::Token),
    secret("deepseek-key", "a DeepSeek key", r"(?-u:\b)sk-[0-9a-f]{32}(?-u:\b)").check(checks::not_filled_in),
    secret("google-key", "a Google key", r"(?-u:\b)AIza[A-Za-z0-9_-]{35}").check(checks::not_filled_in).rest(Rest::Token),
    secret("groq-key", "a Groq key", r"(?-u:\b)gsk_[A-Za-z0-9]{40}").check(checks::not_filled_in).rest(Rest::Token),
    secret("xai-key", "an xAI key", r"(?-u:\b)xai-[A-Za-z0-9]{48}").check(checks::not_filled_in).rest(Rest::Token),
    secret("fireworks-key", "a Fireworks key", r"(?-u:\b)fw_[A-Za-z0-9]{20}").check(checks::mixed).rest(Rest::Token),
    secret("together-key", "a Together key", r"(?-u:\b)tgp_v1_[A-Za-z0-9_-]{32}").rest(Rest::Token),
    secret("perplexity-key", "a Perplexity key", r"(?-u:\b)pplx-[A-Za-z0-9]{40}").check(checks::not_filled_in).rest(Rest::Token),
    secret("cerebras-key", "a Cerebras key", r"(?-u:\b)csk-[a-z0-9]{40}").check(checks::mixed).rest(Rest::Token),
    secret("nvidia-key", "an NVIDIA key", r"(?-u:\b)nvapi-[A-Za-z0-9_-]{48}").check(checks::not_filled_in).rest(Rest::Token),
    secret("replicate-token", "a Replicate token", r"(?-u:\b)r8_[A-Za-z0-9]{37}").check(checks::not_filled_in).rest(Rest::Token),
    secret("hugging-face-token", "a Hugging Face token", r"(?-u:\b)(?:hf|api_org)_[A-Za-z0-9]{30}").check(checks::not_filled_in).rest(Rest::Token),
    // Keys that are nothing but letters and digits: told by the name beside them.
    secret(
        "mistral-key",
        "a Mistral key",
        r#"(?i-u)mistral[a-z0-9_ -]{0,24}["']? ?[=:] ?["']?([a-z0-9]{32})(?-u:\b)"#,
    )
    .check(checks::mixed),
    secret(
        "together-key",
        "a Together key",
        r#"(?i-u)together[a-z0-9_ -]{0,24}["']? ?[=:] ?["']?([0-9a-f]{64})(?-u:\b)"#,
    )
    .check(checks::mixed),
    secret(
        "cohere-key",
        "a Cohere key",
        r#"(?i-u)(?:cohere|co_api_key)[a-z0-9_ -]{0,24}["']? ?[=:] ?["']?([a-z0-9]{40})(?-u:\b)"#,
    )
    .check(checks::mixed),
    // Clouds.
    secret("aws-access-key-id", "an AWS access key", r"(?-u:\b)(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?-u:\b)")
        .check(checks::not_filled_in),
    secret(
        "aws-secret-key",
        "an AWS secret key",
        r#"(?i-u)(?:aws|amazon|secret_?access_?key)[a-z0-9_ .-]{0,24}["']? {0,2}(?:=>|[=:]) {0,2}["']?([a-z0-9/+]{40})"#,
    )
    .check(checks::forty),
    secret("google-oauth-secret", "a Google OAuth secret", r"(?-u:\b)GOCSPX-[A-Za-z0-9_-]{24}").rest(Rest::Token),
    secret("google-oauth-token", "a Google OAuth token", r"(?-u:\b)ya29\.[A-Za-z0-9_-]{30}").rest(Rest::Token),
    secret("digitalocean-token", "a DigitalOcean token", r"(?-u:\b)do[opr]_v1_[0-9a-f]{48}").rest(Rest::Token),
    secret("databricks-token", "a Databricks token", r"(?-u:\b)dapi[0-9a-f]{32}").rest(Rest::Token),
    // Code, packages, work.
    secret("github-token", "a GitHub token", r"(?-u:\b)(?:gh[opsru]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{36})")
        .check(checks::not_filled_in)
        .rest(Rest::Token),
    secret("gitlab-token", "a GitLab token", r"(?-u:\b)gl(?:pat|dt|rt|rtr|cbt|ptt|ft|soat|imt|agent|oas)-[A-Za-z0-9_-]{20}")
        .check(checks::not_filled_in)
        .rest(Rest::Token),
    secret("npm-token", "an npm token", r"(?-u:\b)npm_[A-Za-z0-9]{36}").check(checks::not_filled_in).rest(Rest::Token),
    secret("pypi-token", "a PyPI token", r"(?-u:\b)pypi-AgE[A-Za-z0-9_-]{40}").rest(Rest::Token),
    secret("slack-token", "a Slack token", r"(?-u:\b)(?:xox[abeoprs]-[A-Za-z0-9]{8,14}-[A-Za-z0-9-]{10}|xapp-\d-[A-Z0-9]{8,14}-[A-Za-z0-9-]{10})")
        .check(checks::not_filled_in)
        .rest(Rest::Token),
    secret("slack-webhook", "a Slack webhook", r"(?-u:\b)hooks\.slack\.com/(?:services|workflows|triggers)/[A-Z0-9]{8,14}/[A-Za-z0-9/]{10}")
        .check(checks::ends_in_disorder)
        .rest(Rest::Path),
    secret("stripe-key", "a Stripe key", r"(?-u:\b)(?:[sr]k_(?:live|test|prod)_|whsec_)[A-Za-z0-9]{20}")
        .check(checks::not_filled_in)
        .rest(Rest::Token),
    secret("sendgrid-key", "a SendGrid key", r"(?-u:\b)SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{32}").rest(Rest::Token),
    secret("twilio-key", "a Twilio key", r"(?-u:\b)SK[0-9a-f]{32}(?-u:\b)").check(checks::mixed),
    // Shapes anybody may issue.
    secret("jwt", "a JSON web token", r"(?-u:\b)eyJ[A-Za-z0-9_-]{8,600}\.eyJ[A-Za-z0-9_-]{8}").rest(Rest::Dotted),
    secret(
        "private-key",
        "a private key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[ \t\r\n]|\\[rn]){1,8}(?:[A-Za-z-]{4,20}: [ -~]{1,100}(?:[\r\n]|\\[rn]){1,4}){0,4}[A-Za-z0-9+/=]{24}",
    )
    .rest(Rest::KeyBlock),
    secret(
        "url-password",
        "a password in an address",
        r"(?-u:\b)[A-Za-z][A-Za-z0-9+.-]{1,20}://[A-Za-z0-9._~%!$&*+-]{0,64}:([A-Za-z0-9._~%!$&*+,;=-]{3,128})@",
    )
    .check(checks::not_placeholder),
    secret(
        "bearer-token",
        "a bearer token",
        r"(?i-u)(?-u:\b)(?:bearer|authorization: ?(?:basic|token)) {1,2}([A-Za-z0-9._~+/=-]{20,256})",
    )
    .check(checks::mixed)
    .rest(Rest::Value),
    secret(
        "assigned-secret",
        "a secret beside its name",
        r#"(?i-u)(?:api|access|auth|private|secret|client|account|master|encryption|signing|service)[_ .-]?(?:key|token|secret|password|pwd)[a-z0-9_]{0,16}["']? {0,2}(?:=>|:=|[=:]) {0,2}["']?([a-z0-9_.~+/=!@$%^&*-]{12,128})"#,
    )
    .check(checks::random)
    .rest(Rest::Value),
    secret(
        "basic-credentials",
        "a name and a password of HTTP",
        r#"(?i-u)(?-u:\b)authorization["']? ?[=:] ?["']?basic {1,2}([a-z0-9+/]{6,256}={0,2})"#,
    )
    .check(checks::credentials),
    secret(
        "assigned-password",
        "a password beside its name",
        r#"(?i-u)(?:(?-u:\b)|_)(?:password|passwd|passphrase|pwd)["']? {0,2}(?:=>|:=|[=:]) {0,2}["']?([a-z0-9_.~+/=!@$%^&*-]{8,128})"#,
    )
    .check(checks::password)
    .rest(Rest::Value),
    // In capitals and quotation marks it is no sentence of a user interface.
    secret(
        "assigned-password",
        "a password beside its name",
        r#"(?-u:\b)[A-Z0-9_]{0,40}PASS(?:WORD|WD|PHRASE)?=["']([^"'\r\n]{8,96})["']"#,
    )
    .check(checks::not_placeholder),
    secret(
        "assigned-secret",
        "a secret beside its name",
        r#"(?i-u)(?:(?-u:\b)|_)(?:secret|token)["']? {0,2}(?:=>|:=|[=:]) {0,2}["']?([a-z0-9_.~+/=!@$%^&*-]{12,128})"#,
    )
    .check(checks::random)
    .rest(Rest::Value),
];
