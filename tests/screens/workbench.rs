//! The workbench: empty, at rest, and with calls in every state they can be in.

use promptlathe::{
    model::{CallError, Check, ErrorKind, FinishReason, Status, Usage, VariantName as V},
    tui::{
        keymap::Action,
        msg::{CallEvent, LibraryEntry, Severity},
    },
};

use crate::{ALL_SIZES, SIZES, SMALLEST, picture, stage::Stage, world::World};

const LONG: &str = "The customer reports a defect after one day and an unanswered complaint, so \
                    the sentiment is clearly negative.\n\nWhat speaks for it:\n\n- the device \
                    broke after one day\n- nobody answers the mails\n- no word of thanks, no \
                    question, no offer\n";

/// Two variants on two models, the inputs given, both started.
fn two_running(size: (u16, u16)) -> Stage {
    let mut stage = Stage::new(size, World::plain());
    stage.press("f m").typed("careful").press("enter R");
    stage
}

#[test]
fn a_workspace_without_anything_says_how_to_begin() {
    picture("empty", &ALL_SIZES, |size| Stage::new(size, World::empty()));
}

#[test]
fn a_template_at_rest() {
    picture("open", &ALL_SIZES, |size| Stage::new(size, World::plain()));
}

#[test]
fn the_tabs_of_a_narrow_terminal() {
    for (name, keys) in [("tab_inputs", "tab"), ("tab_library", "tab tab tab")] {
        picture(name, &[SMALLEST, SIZES[0]], |size| {
            let mut stage = Stage::new(size, World::plain());
            stage.press(keys);
            stage
        });
    }
}

#[test]
fn missing_inputs_are_named_before_anything_is_sent() {
    picture("missing_inputs", &ALL_SIZES, |size| {
        let mut world = World::plain();
        world.inputs.remove("labels");
        let mut stage = Stage::new(size, world);
        stage.press("r");
        stage
    });
}

#[test]
fn panes_without_room_are_told_at_the_edges() {
    picture("hidden_panes", &[SMALLEST, SIZES[0]], |size| {
        let mut stage = two_running(size);
        stage.press("f f R");
        for variant in [V::A, V::B, V::C, V::D] {
            stage.accepted(variant).text(variant, LONG);
        }
        stage.ended(V::A, LONG, |_| {});
        stage
    });
}

#[test]
fn two_variants_write_and_think() {
    picture("writing_thinking", &ALL_SIZES, |size| {
        let mut stage = two_running(size);
        stage.accepted(V::A).accepted(V::B).wait(400);
        stage.text(V::A, LONG);
        stage.call(V::A, CallEvent::Usage(Usage { input_tokens: Some(118), ..Usage::default() }));
        stage.thought(V::B, "The customer is angry.\nOne word is asked for.\n").wait(1_500);
        stage.text(V::A, "I would");
        stage
    });
}

#[test]
fn a_provider_that_is_left_alone_and_a_model_turned_to_are_told() {
    picture("circuit_open", &ALL_SIZES, |size| {
        let mut stage = two_running(size);
        let error = CallError::new(ErrorKind::Overloaded, "demo is overloaded");
        let to = "ollama/qwen3".parse().expect("a model");
        stage.call(V::A, CallEvent::FellBack { to, error });
        stage.accepted(V::A).text(V::A, "negative");
        stage.left_alone("demo", std::time::Duration::from_mins(1)).wait(18_000);
        stage
    });
}

#[test]
fn a_provider_that_is_left_alone_is_told_beside_the_message_of_why() {
    for size in ALL_SIZES {
        let mut stage = two_running(size);
        stage.left_alone("demo", std::time::Duration::from_mins(1)).wait(18_000);
        let why = "A overloaded: demo is overloaded, and said so at some length and in many words";
        stage.notice(Severity::Error, why, Some("try again later"));
        let rows = stage.picture();
        let seen = |words: &str| rows.contains(words);
        assert!(seen("A overloaded") || size == SMALLEST, "{rows}");
        assert!(seen("tries again in") || size == SMALLEST, "{rows}");
    }
}

#[test]
fn what_is_done_in_the_editor_stays_in_sight_at_every_width() {
    for columns in 40..=200 {
        let mut stage = Stage::new((columns, 36), World::plain());
        stage.press("shift-tab");
        while stage.state.focus != promptlathe::tui::state::Focus::Editor {
            stage.press("tab");
        }
        stage.press("/").typed("the words one looks for, of which there are more than fit at once");
        let rows = stage.picture();
        assert!(rows.contains("fit at once"), "{columns}: {rows}");
        assert!(rows.contains("0 of 0"), "{columns}: {rows}");
        stage.press("esc").press("i");
        assert!(stage.picture().contains("INSERT"), "{columns}: {}", stage.picture());
    }
}

#[test]
fn reasoning_unfolds() {
    picture("reasoning", &[SIZES[0], SIZES[1]], |size| {
        let mut stage = two_running(size);
        stage.accepted(V::B).thought(V::B, "The customer is angry.\nOne word is asked for.\n");
        stage.text(V::B, "negative").act(Action::ToggleReasoning);
        stage
    });
}

#[test]
fn a_model_is_asked_again_and_the_line_says_how_and_why() {
    picture("asked_again", &[SMALLEST, SIZES[0], SIZES[1]], |size| {
        let mut stage = two_running(size);
        stage.accepted(V::A).text(V::A, "Sure, negative!");
        let again = CallEvent::Recovering {
            strategy: promptlathe::model::Strategy::FormatFix,
            number: 1,
            of: 2,
            reasons: vec!["there is no object and no list in it".to_owned()],
        };
        stage.call(V::A, again).call(V::A, CallEvent::Attempt { number: 1, of: 3 });
        stage.accepted(V::A).text(V::A, "{\"label\": ").wait(1_000);
        stage
    });
}

#[test]
fn two_variants_are_held_back() {
    picture("held", &[SMALLEST, SIZES[0], SIZES[1]], |size| {
        let mut stage = two_running(size);
        let held = |seconds, can_skip| CallEvent::Held {
            provider: "openai".to_owned(),
            held_for: std::time::Duration::from_secs(seconds),
            can_skip,
        };
        stage.call(V::A, held(42, true)).call(V::B, held(9, false)).wait(1_000);
        stage
    });
}

#[test]
fn two_variants_wait_and_retry() {
    picture("waiting_retrying", &ALL_SIZES, |size| {
        let mut stage = two_running(size);
        stage.call(V::A, CallEvent::Queued);
        stage.call(V::A, CallEvent::Attempt { number: 1, of: 3 }).call(V::A, CallEvent::Sent);
        let error = CallError::new(
            ErrorKind::RateLimit,
            "demo asked for fewer calls: 60 requests a minute are allowed",
        );
        let retry_in = std::time::Duration::from_secs(4);
        stage.call(V::B, CallEvent::Waiting { retry_in, number: 2, of: 3, error }).wait(1_200);
        stage
    });
}

#[test]
fn a_call_that_says_nothing_any_more_is_called_stalled() {
    picture("stalled", &[SMALLEST, SIZES[0], SIZES[1]], |size| {
        let mut stage = two_running(size);
        stage.accepted(V::A).text(V::A, "The sentiment is").accepted(V::B).wait(9_300);
        stage
    });
}

#[test]
fn two_variants_are_done_and_compared() {
    picture("done", &ALL_SIZES, |size| {
        let mut stage = two_running(size);
        stage.accepted(V::A).accepted(V::B);
        stage.ended(V::A, "negative", |_| {});
        stage.ended(V::B, LONG, |ended| {
            ended.timing.total_ms = Some(1_912);
            ended.timing.ttft_ms = Some(604);
            ended.usage.output_tokens = Some(1_131);
            ended.cost_usd = Some(0.0045);
            ended.rating = Some(4);
            ended.finish_reason = Some(FinishReason::Length);
        });
        // The word about the fork makes room for the comparison.
        stage.wait(60_000).press("up");
        stage
    });
}

#[test]
fn a_long_error_and_a_cancelled_call() {
    picture("failed_cancelled", &ALL_SIZES, |size| {
        let mut stage = two_running(size);
        stage.accepted(V::A).accepted(V::B).text(V::B, "The sentiment is clearly");
        stage.ended(V::A, "The sentiment", |ended| {
            ended.status = Status::Error;
            ended.error = Some(
                CallError::new(
                    ErrorKind::ContextLength,
                    "https://api.example.com/v1/chat/completions answered 400: this model's \
                     maximum context length is 8192 tokens, however you requested 9311 tokens \
                     (9295 in the messages, 16 in the completion)",
                )
                .hint("Shorten the inputs, or pick a model with a larger window (m)."),
            );
        });
        stage.ended(V::B, "The sentiment is clearly", |ended| {
            ended.status = Status::Cancelled;
            ended.error = Some(CallError::new(ErrorKind::Cancelled, "cancelled"));
        });
        stage
    });
}

#[test]
fn a_call_that_a_guard_stopped_and_one_it_only_warned_of() {
    let check = |passed| Check {
        kind: "guard".to_owned(),
        name: "injection".to_owned(),
        passed,
        score: Some(0.25),
        reason: "risk 0.75 in `message`: ignore-instructions \"Ignore all previous\"".to_owned(),
    };
    picture("guarded", &[SMALLEST, SIZES[0], SIZES[1]], |size| {
        let mut stage = two_running(size);
        stage.ended(V::A, "", |ended| {
            ended.status = Status::Blocked;
            // It was never sent.
            ended.usage = Usage::default();
            (ended.timing.ttft_ms, ended.timing.tokens_per_second) = (None, None);
            ended.cost_usd = None;
            ended.checks = vec![check(false)];
            let told = "the injection guard stopped this call before it was sent: risk 0.75 in \
                        `message`: ignore-instructions \"Ignore all previous\"";
            ended.error = Some(CallError::new(ErrorKind::Guard, told).hint(
                "look at the value of `message` before anything else; to let it pass once, run \
                 anyway",
            ));
        });
        stage.accepted(V::B).ended(V::B, "Positive.", |ended| ended.checks = vec![check(false)]);
        stage
    });
}

#[test]
fn a_call_that_never_was_and_a_record_that_is_not_kept() {
    picture("refused_not_saved", &[SIZES[0], SIZES[1]], |size| {
        let mut stage = two_running(size);
        let error = CallError::new(ErrorKind::Authentication, "anthropic has no key")
            .hint("Set ANTHROPIC_API_KEY, or pick another model.");
        stage.call(V::A, CallEvent::Refused(error)).accepted(V::B);
        stage.call(V::B, CallEvent::NotSaved { reason: "the disk is full".to_owned() });
        stage.ended(V::B, "negative", |_| {});
        stage
    });
}

#[test]
fn four_variants_stand_side_by_side_where_they_fit() {
    picture("four", &ALL_SIZES, |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("f f f R");
        for (variant, text) in [(V::A, "negative"), (V::B, LONG), (V::C, "neg"), (V::D, "")] {
            stage.accepted(variant).ended(variant, text, |_| {});
        }
        stage
    });
}

#[test]
fn another_template_stands_beside_the_one_in_the_editor() {
    picture("beside", &[SIZES[0], SIZES[1]], |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("alt-C tab tab enter R").wait(100);
        stage.accepted(V::A).accepted(V::B).text(V::B, LONG);
        stage.ended(V::A, "negative", |_| {});
        stage
    });
}

#[test]
fn a_pane_can_have_the_whole_screen() {
    for (name, keys) in [("zoomed_output", "z"), ("zoomed_editor", "tab tab z")] {
        picture(name, &ALL_SIZES, |size| {
            let mut stage = two_running(size);
            for variant in [V::A, V::B] {
                stage.accepted(variant).ended(variant, &LONG.repeat(9), |_| {});
            }
            stage.press(keys);
            stage
        });
    }
}

#[test]
fn an_answer_that_was_scrolled_says_what_is_below() {
    picture("scrolled", &[SIZES[0], SIZES[1]], |size| {
        let mut stage = two_running(size);
        stage.accepted(V::B).text(V::B, &LONG.repeat(9)).press("g");
        stage.text(V::B, "more");
        stage
    });
}

#[test]
fn scripts_of_every_direction_and_width_stay_in_their_panes() {
    let text = "漢字かな交じり文は全角の幅を取り、行の終わりで半分に切れてはならない。\n\
                👩‍👩‍👧 🇩🇪 👍🏽 emoji that are joined stay whole, ❤️ too.\n\
                مرحبا بالعالم، هذا نص طويل من اليمين إلى اليسار لا يغير ترتيب الإطار.\n\
                שלום עולם\nनमस्ते दुनिया, क्षत्रिय\n각 힣 ﷽\ne\u{301}\u{301}\u{301} Z\u{335}\u{327}\u{353}a\u{337}\u{322}\u{308}l\u{338}go\n\
                \u{202e}reversed\u{202c} \u{200b}hidden \u{1b}[31mred\u{1b}[0m\ttab\n";
    picture("scripts", &[SIZES[0], SIZES[1]], |size| {
        let mut world = World::plain();
        world.inputs.insert("message".to_owned(), text.into());
        let mut stage = Stage::new(size, world);
        stage.press("f R");
        stage.accepted(V::A).ended(V::A, text, |_| {});
        stage.accepted(V::B).thought(V::B, text).text(V::B, text);
        stage
    });
}

#[test]
fn the_library_is_filtered_and_folded() {
    picture("library_no_match", &[SIZES[1]], |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("tab tab tab /").typed("zzz");
        stage
    });
    picture("library_folded", &[SIZES[1]], |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("tab tab tab g left");
        stage
    });
}

#[test]
fn a_long_library_scrolls() {
    picture("library_long", &[SIZES[0], SIZES[1]], |size| {
        let mut world = World::plain();
        let entry = world.library.first().expect("an entry").clone();
        world.library.extend((0..60).map(|number| {
            LibraryEntry {
                id: promptlathe::model::TemplateId::new(&format!(
                    "generation/a-name-that-is-longer-than-the-pane-{number:02}"
                ))
                .expect("an id"),
                category: "generation".to_owned(),
                ..entry.clone()
            }
        }));
        let mut stage = Stage::new(size, world);
        stage.press("tab tab tab G up up");
        stage
    });
}

#[test]
fn what_is_told_stands_in_the_status_line() {
    for (name, severity) in [
        ("told", Severity::Information),
        ("warned", Severity::Warning),
        ("failed", Severity::Error),
    ] {
        picture(name, &[SMALLEST, SIZES[0]], |size| {
            let mut stage = Stage::new(size, World::plain());
            stage.notice(
                severity,
                "the database at ~/.local/share/lathe/lathe.db is locked by another program",
                Some("Close the other program, or choose another file with --db."),
            );
            stage
        });
    }
}

#[test]
fn too_small_a_terminal_says_what_is_needed() {
    picture("too_small", &[(39, 12), (40, 11), (12, 3)], |size| Stage::new(size, World::plain()));
}
