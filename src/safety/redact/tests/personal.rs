//! Every rule for personal data, with exact spans: what is found stands between `‹` and `›`.

use std::collections::BTreeMap;

use super::super::*;

/// Ten or more texts in which it is found, where it is marked, and ten or more in which it is not.
const CASES: &[(&str, &[&str], &[&str])] = &[
    (
        "email-address",
        &[
            "‹jane.doe@example.org›",
            "write to ‹j@mail.test›, please",
            "<‹first+tag@sub.domain.example.com›>",
            "(‹o'neil@shop.test›)",
            "mail ‹a_b-c%d@x-y.test›.",
            "‹JANE@EXAMPLE.ORG›; ‹bob@b.test›",
            "\"‹x1@y2.museum›\"",
            "mailto ‹someone@host.co.uk›\n",
            "‹jörg@example.de›",
            "an ‹иван.петров@example.org›,",
            "_‹mail@host.test›",
            "to=‹u.ser@long-host-name.example›&x=1",
        ],
        &[
            "jane@localhost",
            "@handle and @another",
            "a@b",
            "user@@example.org",
            "icon@2x.png",
            "https://example.org/@user",
            "git@",
            "name@-bad.test",
            "name@bad..test",
            "dots..twice@example.org is",
            "x @ y.test",
            "ssh://git@github.com",
        ],
    ),
    (
        "iban",
        &[
            "‹DE89370400440532013000›",
            "‹DE89 3704 0044 0532 0130 00›",
            "to ‹GB82 WEST 1234 5698 7654 32› AND MORE",
            "‹FR1420041010050500013M02606›.",
            "IBAN: ‹NL91ABNA0417164300›",
            "‹BE68 5390 0754 7034›",
            "‹CH9300762011623852957›",
            "‹ES9121000418450200051332›,",
            "‹NO9386011117947›",
            "‹SE45 5000 0000 0583 9825 7466›",
            "(‹AT611904300234573201›)",
            "‹GB82-WEST-1234-5698-7654-32›",
            "‹de89370400440532013000›",
            "to ‹de89 3704 0044 0532 0130 00› and more",
            "‹Gb82 west 1234 5698 7654 32›",
            "it is ‹nl91abna0417164300›",
        ],
        &[
            "DE89370400440532013001",
            "DE8937040044053201300",
            "XX89370400440532013000",
            "GB82 WEST 1234 5698 7654 33",
            "DE893704004405320130001",
            "AB12CD34EF56GH78",
            "US64SVBKUS6S3300958879",
            "de89370400440532013001",
            "de89 370400440532013000 in other groups",
            "be68 or 53900 or 7547034 words",
            "ADE89370400440532013000",
            "FR1420041010050500013M02607",
            "NL00ABNA0417164300",
            "BE68539007547035",
        ],
    ),
    (
        "payment-card",
        &[
            "‹4111111111111111›",
            "‹4111 1111 1111 1111›",
            "‹4111-1111-1111-1111›",
            "card ‹5555555555554444›.",
            "‹378282246310005› (amex)",
            "‹3782 822463 10005›",
            "‹6011111111111117›",
            "‹30569309025904›",
            "‹3530111333300000›",
            "‹2223003122003222›,",
            "‹4222222222222›",
            "no: ‹6200000000000005›",
            "‹501812345673›",
            "‹6759 1234 5678 7›",
            "‹6304123456789015›",
            "‹676312345678901231›",
            "‹6799123456789012348›",
            "‹5893-1234-5678-9014›",
            "‹2200123456789019›",
            "mir ‹2204 1234 5678 9012 343›",
            "‹22021234567890128›",
        ],
        &[
            "4111111111111112",
            "1748503543012",
            "1234567812345670",
            "41111111111111111",
            "4111.1111.1111.1111",
            "0.4111111111111111",
            "x4111111111111111",
            "4111111111111111a",
            "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
            "9999999999999995",
            "5555555555554445",
            "20260101123456",
            "2199123456789012",
            "2205123456789014",
            "5017123456789015",
            "6604123456789012",
            "50181234563",
            "501812345674",
        ],
    ),
    (
        "social-security-number",
        &[
            "‹078-05-1121›",
            "ssn ‹001-01-0001›.",
            "‹899-99-9999›",
            "(‹665-12-3456›)",
            "‹667 12 3456›",
            "is ‹219-09-9998›, yes",
            "‹123-45-6788›",
            "‹731-10-2020›\n",
            "SSN:‹501-22-1234›",
            "\"‹432-98-7651›\"",
        ],
        &[
            "078-05-1120",
            "078051120",
            "000-12-3456",
            "666-12-3456",
            "900-12-3456",
            "999-99-9999",
            "123-00-4567",
            "123-45-0000",
            "219-09-9999",
            "1-123-45-6788",
            "123-45-67890",
            "123-45 6788",
            "123-45-6789",
        ],
    ),
    (
        "phone-number",
        &[
            "‹+44 20 7946 0958›",
            "call ‹+1 (555) 010-9999›.",
            "‹+4915112345678›",
            "‹+33 1 23 45 67 89›",
            "‹(555) 234-5678›",
            "‹555-234-5678› x",
            "‹1-555-234-5678›",
            "‹555.234.5678›",
            "‹020 7946 0958›",
            "‹+81-3-1234-5678›",
            "tel:‹+12125550123›",
            "‹(020) 7946 0958›",
        ],
        &[
            "1748503543012",
            "2026-11-21",
            "01/12/2020",
            "555-2345",
            "123-456-7890",
            "12345678901234567890",
            "1.234.567.890",
            "+12",
            "+000000000000",
            "3.555.234.5678",
            "+1+2+3+4+5+6+7",
            "call 112",
            "x555-234-5678",
        ],
    ),
    (
        "ip-address",
        &[
            "‹10.1.2.3›",
            "from ‹192.168.0.17›.",
            "(‹8.8.8.8›)",
            "‹203.0.113.9›:8080",
            "http://‹198.51.100.4›/x",
            "‹fe80::1ff:fe23:4567:890a›",
            "[‹2001:db8::1›]:443",
            "‹2001:0db8:0000:0000:0000:ff00:0042:8329›",
            "at ‹::ffff:192.0.2.128›,",
            "‹2001:db8:0:0:1::2› and ‹10.0.0.1›",
        ],
        &[
            "127.0.0.1",
            "0.0.0.0",
            "255.255.255.0",
            "256.1.1.1",
            "1.2.3.4.5",
            "v1.2.3.4",
            "1.2.3",
            "::1",
            "12:30:45",
            "std::fs::File",
            "a::b",
            "01.02.03.04",
            "::",
            "00:1b:44:11:3a:b7",
        ],
    ),
];

fn only(rule: &str) -> Redactor {
    let others = rules().map(|rule| rule.name).filter(|name| *name != rule);
    let selection = Selection {
        personal: true,
        off: others.map(str::to_owned).collect(),
        ..Selection::default()
    };
    Redactor::new(&selection).expect("valid")
}

fn marked(redactor: &Redactor, text: &str) -> String {
    let mut marked = text.to_owned();
    for finding in redactor.findings(text).iter().rev() {
        marked.insert(finding.range.end, '›');
        marked.insert(finding.range.start, '‹');
    }
    marked
}

#[test]
fn every_rule_finds_exactly_what_it_is_for() {
    let mut failures = Vec::new();
    for (rule, positive, negative) in CASES {
        assert!(positive.len() >= 10 && negative.len() >= 10, "{rule}");
        assert!(positive.iter().all(|text| text.contains('‹')), "{rule}");
        assert!(!negative.iter().any(|text| text.contains('‹')), "{rule}");
        let redactor = only(rule);
        for text in positive.iter().chain(*negative) {
            let found = marked(&redactor, &text.replace(['‹', '›'], ""));
            if found != *text {
                failures.push(format!("{rule}: wanted {text}, found {found}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn every_rule_has_its_cases() {
    let tested: Vec<&str> = CASES.iter().map(|case| case.0).collect();
    let mut rules: Vec<&str> =
        rules().filter(|rule| rule.kind == Kind::Personal).map(|rule| rule.name).collect();
    rules.dedup();
    assert_eq!(tested, rules);
}

#[test]
fn together_each_is_counted_under_its_own_name() {
    let text = "jane@host.test, 4111 1111 1111 1111, DE89 3704 0044 0532 0130 00, 10.1.2.3, \
                078-05-1121, +44 20 7946 0958";
    let selection = Selection { personal: true, ..Selection::default() };
    let redacted = Redactor::new(&selection).expect("valid").redact(text).found;
    let counts: BTreeMap<&str, u64> = redacted.iter().collect();
    assert_eq!(counts, CASES.iter().map(|case| (case.0, 1)).collect());
}
