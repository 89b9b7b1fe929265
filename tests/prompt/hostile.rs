//! Templates that would take the machine's memory or time. Each must end in an error, and what
//! was counted must stay inside the limits: the counts bound memory and time, so no clock is read.

use std::{collections::BTreeMap, sync::Arc};

use promptlathe::prompt::{Limits, NoSources, RenderError, Sources, render_measured};
use serde_json::json;

use super::{inputs, template};

fn refused(source: &str, sources: &dyn Sources) -> String {
    let limits = Limits::default();
    let given = inputs(json!({"l": [1, 2, 3], "s": "text"}));
    let (result, spent) = render_measured(&template(source), sources, &given, &limits);
    let head: String = source.chars().take(80).collect();
    let error = match result {
        Err(
            error @ (RenderError::Limit { .. }
            | RenderError::Template(_)
            | RenderError::Cycle { .. }),
        ) => error.to_string(),
        Err(other) => panic!("{head}: another error: {other}"),
        Ok(rendered) => panic!("{head}: rendered {} messages", rendered.messages.len()),
    };
    assert!(spent.steps <= limits.steps, "{head}: {spent:?}");
    assert!(spent.total_bytes <= limits.total_bytes, "{head}: {spent:?}");
    assert!(spent.largest_value <= limits.value_bytes, "{head}: {spent:?}");
    assert!(spent.depth <= limits.depth, "{head}: {spent:?}");
    error
}

#[test]
fn growth_is_paid_for_before_it_happens() {
    for source in [
        // Doubling.
        "{% set n = namespace(x='aaaaaaaa') %}{% for i in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x='aaaaaaaa') %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x='ab') %}{% for i in range(99) %}{% set n.x = n.x | replace('a', n.x) %}{% endfor %}",
        "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x = [n.x, n.x] | join %}{% endfor %}",
        "{% set n = namespace(x='a\nb') %}{% for i in range(99) %}{% set n.x = n.x | indent(1000) | replace(' ', '\n') %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for i in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
        "{% set n = namespace(x='a') %}{% for i in range(99) %}{% set n.x %}{{ n.x }}{{ n.x }}{% endset %}{% endfor %}",
        // One step, much output.
        "{{ 'a' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ range(1000000000) | join }}",
        "{{ range(1000000000) | length }}",
        "{{ range(0, 1000000000000000000000, 3) | list }}",
        "{{ ('a' * 8000000) | list | length }}",
        "{{ ('x' * 5000000) | upper ~ ('x' * 5000000) }}",
        "{{ ('<' * 5000000) | e }}",
        "{{ ('a' * 4000000) | replace('', 'bbbbbbbb') }}",
        "{{ 'a' | indent(1000, true) | list | join('a' * 1000000) }}",
        "{{ [1, 2] | batch(100000000, 0) }}",
        "{{ [] | slice(100000000) | list }}",
        "{{ ('[' ~ '[],' * 2000000 ~ '1]') | fromjson | length }}",
        "{{ 'a' | replace('a', 'b' * 4000000) | split('') | tojson }}{{ 'b' * 8388608 }}{{ 1 }}{{ 'b' * 8388608 }}",
        "{{ 9 ** 999999999 }}",
        "{% for i in range(9999) %}{{ 'a' * 10000 }}{% endfor %}",
        "{% for i in range(20000) %}\nuser:\n{{ 'a' * 2000 }}\n{% endfor %}",
    ] {
        let error = refused(source, &NoSources);
        assert!(error.contains("too much") || error.contains("too large"), "{source}: {error}");
    }
}

#[test]
fn work_without_output_is_counted() {
    for source in [
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
        "{% for a in range(999) %}{% for b in range(999) %}{% for c in l %}{{ a if c }}{% endfor %}{% endfor %}{% endfor %}",
        "{% set x = 'a' * 1000000 %}{% for a in range(99999) %}{% if x | length == 1 %}{% endif %}{% endfor %}",
        "{% set x = 'a' * 1000000 %}{% for a in range(99999) %}{% if 'b' in x %}{% endif %}{% endfor %}",
        "{% set x = 'a' * 1000000 ~ 'b' %}{% set y = 'a' * 1000000 ~ 'c' %}{% for a in range(99999) %}{% if x == y %}{% endif %}{% endfor %}",
        "{{ range(200000) | unique | length }}",
        "{% for a in range(999) %}{% set x = range(9999) | sort %}{% endfor %}",
        // Sharing makes a small value that is endless to walk.
        "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x == n.x }}",
        "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ n.x | tojson | length }}",
        "{% set n = namespace(x=[1]) %}{% for i in range(60) %}{% set n.x = [n.x, n.x] %}{% endfor %}{{ [n.x, n.x] | sort | length }}",
        "{{ range(200000) | map('string') | map('upper') | map('list') | list | length }}",
        "{% for i in range(300000) recursive %}{% endfor %}{% for i in range(300000) %}{% macro m() %}{% endmacro %}{% endfor %}",
    ] {
        let error = refused(source, &NoSources);
        assert!(error.contains("takes too much"), "{source}: {error}");
    }
}

#[test]
fn whatever_nests_ends() {
    let deep_list = "{% set n = namespace(x=[1]) %}{% for i in range(9999) %}{% set n.x = [n.x] %}{% endfor %}x";
    let deep_map = "{% set n = namespace(x={}) %}{% for i in range(9999) %}{% set n.x = {'a': n.x} %}{% endfor %}x";
    let itself = "{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}";
    let each_other = "{% macro a() %}{{ b() | upper }}{% endmacro %}{% macro b() %}{{ a() | upper }}{% endmacro %}{{ a() }}";
    let caller = "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}";
    let looping = "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}";
    for source in [deep_list, deep_map, itself, each_other, caller, looping] {
        let error = refused(source, &NoSources);
        assert!(error.contains("takes too much"), "{source}: {error}");
    }
    for source in [
        format!("{{{{ {}1{} }}}}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{{{{ {}1{} }}}}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{{{{ 1{} }}}}", "+1".repeat(100_000)),
        format!("{{{{ 1{} }}}}", "**1".repeat(100_000)),
        format!("{{{{ {}1 }}}}", "not ".repeat(100_000)),
        format!("{{{{ {}1 }}}}", "-".repeat(100_000)),
        format!("{{{{ a{} }}}}", "|upper".repeat(100_000)),
        format!("{{{{ a{} }}}}", " is x".repeat(100_000)),
        format!("{{{{ a{} }}}}", "[0]".repeat(100_000)),
        format!("{{{{ a{} }}}}", "()".repeat(100_000)),
        format!("{}{}", "{% if 1 %}".repeat(20_000), "{% endif %}".repeat(20_000)),
        format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(20_000)),
        format!("{{% filter upper{} %}}{{% endfilter %}}", "|upper".repeat(100_000)),
        format!("{{% set {}a{} = 1 %}}", "(".repeat(100_000), ")".repeat(100_000)),
    ] {
        refused(&source, &NoSources);
    }
}

/// What the guard lets through is run on a thread with a small stack, as tests and workers have.
#[test]
fn the_deepest_template_allowed_fits_the_stack() {
    let tags = 99;
    let expression = format!("{}1{}", "[".repeat(38), "]".repeat(38));
    let source = format!(
        "{}{{{{ {expression} }}}}{}",
        "{% if 1 %}".repeat(tags),
        "{% endif %}".repeat(tags)
    );
    let macros = "{% macro m(n) %}{% if n %}{% for i in [1] %}{{ m(n - 1) ~ (n | upper) }}{% endfor %}{% endif %}{% endmacro %}{{ m(900) }}";
    let chain = format!("{{{{ 1{} }}}}", " + 1".repeat(198));
    let run = move || {
        let given = inputs(json!({}));
        for source in [&source, macros, &chain] {
            let (result, _) =
                render_measured(&template(source), &NoSources, &given, &Limits::default());
            let fine =
                matches!(result, Ok(_) | Err(RenderError::Limit { .. } | RenderError::Template(_)));
            assert!(fine, "{result:?}");
        }
    };
    let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(run);
    thread.expect("a thread").join().expect("no overflow");
}

#[test]
fn includes_are_bounded() {
    let text = |text: String| Arc::<str>::from(text);
    let mut sources: BTreeMap<String, Arc<str>> = BTreeMap::new();
    for at in 0..200 {
        sources.insert(format!("n{at}"), text(format!("{at}{{{{include:n{}}}}}", at + 1)));
    }
    sources.insert("n200".into(), text("end".into()));
    // Each file includes the next twice: 2^40 texts from forty files.
    for at in 0..40 {
        let next = at + 1;
        sources.insert(
            format!("b{at}"),
            text(format!("{{{{include:b{next}}}}}{{{{include:b{next}}}}}")),
        );
    }
    sources.insert("b40".into(), text("boom".into()));
    sources.insert("self".into(), text("{% include 'self' %}".into()));
    sources.insert("big".into(), text("x".repeat(2 * 1024 * 1024)));
    for (source, says) in [
        ("{{include:n0}}", "64 includes deep"),
        ("{{include:b0}}", "too much"),
        ("{{include:self}}", "circle"),
        ("{{include:big}}", "1 MiB"),
    ] {
        let error = refused(source, &sources);
        assert!(error.contains(says), "{source}: {error}");
    }
    let given = inputs(json!({}));
    let (result, _) =
        render_measured(&template("{{include:n140}}"), &sources, &given, &Limits::default());
    assert!(result.is_ok(), "60 deep is allowed: {result:?}");
}

#[test]
fn smaller_limits_hold_too() {
    let limits = Limits { steps: 50, value_bytes: 100, total_bytes: 200, depth: 20 };
    let given = inputs(json!({"long": "x".repeat(101)}));
    for source in [
        "{{ long }}",
        "{% for i in range(40) %}{{ i }}{% endfor %}",
        "{{ 'a' * 90 }}{{ 'a' * 20 }}",
        "{{ ((((((((((((((((((((1 + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) + 1) }}",
    ] {
        let (result, spent) = render_measured(&template(source), &NoSources, &given, &limits);
        assert!(matches!(result, Err(RenderError::Limit { .. })), "{source}: {result:?}");
        assert!(spent.largest_value <= 100 && spent.depth <= 20, "{source}: {spent:?}");
    }
}

/// A template has its declared variables and pure functions, and nothing of the machine.
#[test]
fn nothing_of_the_machine_can_be_reached() {
    for body in [
        "{{ env.HOME }}",
        "{{ environ['HOME'] }}",
        "{{ get_env('HOME') }}",
        "{{ getenv('HOME') }}",
        "{{ open('/etc/passwd') }}",
        "{{ read_file('/etc/passwd') }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ s.__class__.__init__.__globals__ }}",
        "{{ self.__init__ }}",
        "{{ config.items() }}",
        "{{ request.url }}",
        "{{ lipsum.__globals__.os }}",
        "{{ cycler.__init__ }}",
        "{{ url('http://127.0.0.1') }}",
        "{{ fetch('http://127.0.0.1') }}",
        "{{ now() }}",
        "{% import 'os' as os %}{{ os }}",
        "{% include '/etc/passwd' %}",
        "{% include '../../etc/passwd' %}",
        "{% extends '/etc/passwd' %}",
        "{{include:/etc/passwd}}",
        "{{ s | attr('__class__') }}",
        "{{ s | system }}",
        "{{ s | shell }}",
    ] {
        let source = format!("user:\n{body}\n");
        let parsed =
            promptlathe::prompt::parse(&super::id(), promptlathe::prompt::Form::Prompty, &source);
        let Ok(template) = parsed else { continue };
        let given = inputs(json!({"s": "text"}));
        let rendered =
            promptlathe::prompt::render(&template, &NoSources, &given, &Limits::default());
        assert!(rendered.is_err(), "{body} gave {rendered:?}");
    }
}
