//! The table of personal data: shapes that checksums, ranges and lengths confirm.

use super::{
    numbers,
    rule::{Kind, Rest, Rule},
};

const fn personal(
    name: &'static str,
    label: &'static str,
    pattern: &'static str,
    check: super::rule::Check,
) -> Rule {
    Rule { name, label, kind: Kind::Personal, pattern, check: Some(check), rest: Rest::None }
}

/// Every rule for personal data. Where two fit at the same place, the earlier one names it.
pub(super) const PERSONAL: &[Rule] = &[
    personal(
        "email-address",
        "an email address",
        // Names are written in every script.
        r"[\p{L}\p{N}][\p{L}\p{M}\p{N}._%+'-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{0,189}\.[A-Za-z]{2,24}(?-u:\b)",
        numbers::email,
    ),
    personal(
        "iban",
        "a bank account number (IBAN)",
        // Not counted, since what is counted holds back more of a stream.
        r"(?-u:\b)[A-Za-z][A-Za-z][0-9][0-9](?:[ -]?[A-Za-z0-9]){11,30}(?-u:\b)",
        numbers::iban,
    ),
    personal(
        "payment-card",
        "a payment card number",
        r"(?-u:\b)[2-6][0-9](?:[ -]?[0-9]){10,17}(?-u:\b)",
        numbers::payment_card,
    ),
    personal(
        "social-security-number",
        "a US social security number",
        r"(?-u:\b)[0-9]{3}(?:-[0-9]{2}-| [0-9]{2} )[0-9]{4}(?-u:\b)",
        numbers::social_security,
    ),
    personal(
        "phone-number",
        "a phone number",
        r"(?:\+[0-9]{1,3}(?:[ ./-]?\(?[0-9]{1,5}\)?){2,6}|\(0?[0-9]{2,4}\) ?[0-9]{3,4}[ .-]?[0-9]{3,5}|(?:(?-u:\b)1[ .-])?(?-u:\b)[2-9][0-9]{2}[ .-][2-9][0-9]{2}[ .-][0-9]{4}|(?-u:\b)0[1-9][0-9]{1,3}[ /-][0-9]{3,4}[ -]?[0-9]{3,4})(?-u:\b)",
        numbers::phone,
    ),
    personal(
        "ip-address",
        "an IP address",
        r"(?-u:\b)(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?:\.[0-9])?(?-u:\b)",
        numbers::ipv4,
    ),
    personal(
        "ip-address",
        "an IP address",
        r"(?:[0-9A-Fa-f]{1,4}:|:)(?:[0-9A-Fa-f]{0,4}:){1,7}(?:[0-9A-Fa-f]{1,4})?(?:(?:\.[0-9]{1,3}){3})?",
        numbers::ipv6,
    ),
];
