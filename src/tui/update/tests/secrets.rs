//! A run whose prompt holds a secret waits for an answer.

use super::*;
use crate::tui::state::Overlay;

const A: VariantName = VariantName::A;

fn asked() -> (Script, RunToken) {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    let text = "the prompt holds what looks like an OpenAI key (user message, line 1)".to_owned();
    script.send(Msg::SecretsFound { run, text });
    (script, run)
}

#[test]
fn yes_lets_it_go() {
    let (mut script, run) = asked();
    let Some(Overlay::Secrets(question)) = script.state.overlay() else { panic!("no question") };
    assert!(question.question().starts_with("The prompt holds what looks like an OpenAI key"));
    assert!(question.question().ends_with("line 1). Send it all the same?"));
    script.effects.clear();
    script.press("y");
    assert!(script.state.overlay().is_none());
    let [Effect::SendAnyway { run: sent }] = script.effects.as_slice() else {
        panic!("{:?}", script.effects)
    };
    assert_eq!(*sent, run);
}

#[test]
fn no_and_escape_cancel_all_of_it() {
    for key in ["n", "esc"] {
        let (mut script, run) = asked();
        script.effects.clear();
        script.press(key);
        assert!(script.state.overlay().is_none(), "{key}");
        let [Effect::Cancel { run: cancelled, variant: A }] = script.effects.as_slice() else {
            panic!("{key}: {:?}", script.effects)
        };
        assert_eq!(*cancelled, run);
    }
}

#[test]
fn nobody_is_asked_about_a_run_that_is_over() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    let error = crate::model::CallError::new(crate::model::ErrorKind::Cancelled, "not sent");
    script.call(run, A, CallEvent::Refused(error));
    script.send(Msg::SecretsFound { run, text: "x".to_owned() });
    assert!(script.state.overlay().is_none());
}
