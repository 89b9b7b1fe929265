//! Every protocol's frames under damage and any cuts: recorded answers with bytes changed, left
//! out, repeated and swapped with those of other answers, read whole and in pieces. So are answers
//! that come whole, errors, and lists of models.

use std::collections::BTreeSet;

use proptest::{
    collection::vec,
    prelude::*,
    sample::Index,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};

use super::{
    protocol::Protocol,
    transcripts_tests::{Outcome, Transcript, end_is_in, of_kinds, read_stream, streams},
};
use crate::model::{ErrorKind, ProviderEvent};

/// The longest answer that is damaged, in bytes: ten thousand of them are read.
const LONGEST: usize = 1_600;

/// One thing that happens to an answer on its way.
#[derive(Clone, Debug)]
enum Damage {
    /// A byte is another one.
    Change(Index, u8),
    /// Bytes are missing.
    Cut(Index, usize),
    /// Bytes come again.
    Repeat(Index, usize),
    /// A piece that means something stands where it should not.
    Insert(Index, &'static [u8]),
    /// It goes on as another answer does.
    GoOn(Index, Index, Index),
}

const PIECES: [&[u8]; 24] = [
    b"data: [DONE]\n\n",
    b"data: ",
    b"event: error\n",
    b"event: message_stop\n",
    b"\n",
    b"\n\n",
    b"\r",
    b"\r\n\r\n",
    b":\n\n",
    b"null",
    b"{\"error\":{\"message\":\"no\",\"code\":529}}",
    b"\"error\":\"x\",",
    b"\\ud83d",
    b"\xff\xfe",
    b"1e400",
    b"NaN",
    b"-1",
    b"4294967296",
    b"18446744073709551616",
    b"[[[[[[[[[[[[[[[[",
    b"\"finish_reason\":\"stop\",",
    b"\"done\":true,",
    b"\0",
    b"\xEF\xBB\xBF",
];

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    let place = any::<Index>;
    let damage = prop_oneof![
        3 => (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Change(at, byte)),
        2 => (place(), 1_usize..40).prop_map(|(at, length)| Damage::Cut(at, length)),
        1 => (place(), 1_usize..200).prop_map(|(at, length)| Damage::Repeat(at, length)),
        3 => (place(), proptest::sample::select(&PIECES[..]))
            .prop_map(|(at, piece)| Damage::Insert(at, piece)),
        1 => (place(), place(), place())
            .prop_map(|(at, other, from)| Damage::GoOn(at, other, from)),
    ];
    vec(damage, 0..4)
}

fn damaged(body: &[u8], damages: &[Damage], all: &[Transcript]) -> Vec<u8> {
    let mut bytes = body.to_vec();
    for damage in damages {
        let at = |index: &Index, bytes: &[u8]| index.index(bytes.len() + 1);
        match damage {
            Damage::Change(index, byte) => {
                let place = at(index, &bytes);
                if let Some(changed) = bytes.get_mut(place) {
                    *changed = *byte;
                }
            }
            Damage::Cut(index, length) => {
                let start = at(index, &bytes);
                let end = (start + length).min(bytes.len());
                bytes.drain(start..end);
            }
            Damage::Repeat(index, length) => {
                let start = at(index, &bytes);
                let end = (start + length).min(bytes.len());
                let again = bytes[start..end].to_vec();
                bytes.splice(end..end, again);
            }
            Damage::Insert(index, piece) => {
                let place = at(index, &bytes);
                bytes.splice(place..place, piece.iter().copied());
            }
            Damage::GoOn(index, other, from) => {
                bytes.truncate(at(index, &bytes));
                let other = &other.get(all).body;
                bytes.extend_from_slice(&other[from.index(other.len() + 1)..]);
            }
        }
    }
    bytes
}

/// A body in chunks of these lengths, over and over.
fn chunks<'b>(body: &'b [u8], lengths: &[usize]) -> Vec<&'b [u8]> {
    let mut rest = body;
    let mut chunks = Vec::new();
    for length in lengths.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, after) = rest.split_at((*length).min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

/// Bytes of everything that was said; a call repeats the pieces it came in.
fn said(events: &[ProviderEvent]) -> usize {
    events
        .iter()
        .map(|event| match event {
            ProviderEvent::Text(text)
            | ProviderEvent::Reasoning(text)
            | ProviderEvent::Refusal(text)
            | ProviderEvent::Model(text) => text.len(),
            ProviderEvent::ToolCall(call) => {
                call.arguments_raw.len() + call.name.len() + call.id.len()
            }
            _ => 0,
        })
        .sum()
}

/// Bytes of the pieces of calls.
fn pieces(events: &[ProviderEvent]) -> usize {
    events
        .iter()
        .map(|event| match event {
            ProviderEvent::ToolPiece(piece) => {
                piece.arguments.len() + piece.name.len() + piece.id.len()
            }
            _ => 0,
        })
        .sum()
}

/// What holds of every body, whatever it is.
fn hold(body: &[u8], (events, result): &Outcome) -> Result<(), TestCaseError> {
    // A byte that is no UTF-8 becomes a character of three; a call without arguments or an id is
    // given some.
    let most = 3 * body.len() + 64 * events.len();
    prop_assert!(said(events) <= most && pieces(events) <= most, "more is said than was sent");
    prop_assert!(events.len() <= body.len() + 8, "more events than bytes");
    match result {
        Ok(()) => prop_assert!(
            end_is_in(events, body),
            "complete without an end: {}",
            String::from_utf8_lossy(body)
        ),
        Err(error) => {
            prop_assert!(error.message.len() <= 2_000, "an endless error");
            prop_assert!(error.kind != ErrorKind::Cancelled);
        }
    }
    Ok(())
}

/// Runs the same ten thousand cases every time.
fn ten_thousand_times() -> TestRunner {
    let config = ProptestConfig {
        cases: 10_000,
        max_shrink_iters: 2_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Ten thousand damaged answers of a protocol, each read whole and in pieces.
fn damaged_answers_are_read_the_same(folders: &[&str]) {
    let all: Vec<Transcript> = streams()
        .into_iter()
        .filter(|it| folders.contains(&it.folder()) && it.body.len() <= LONGEST)
        .collect();
    assert!(all.len() >= 20, "only {} answers", all.len());
    let protocols: Vec<&dyn Protocol> = all.iter().map(|it| &*it.protocol).collect();
    let strategy = (any::<Index>(), damages(), vec(1_usize..90, 1..6));
    let read = ten_thousand_times().run(&strategy, |(which, damages, lengths)| {
        let at = which.index(all.len());
        let body = damaged(&all[at].body, &damages, &all);
        let whole = read_stream(protocols[at], [body.as_slice()]);
        hold(&body, &whole)?;
        let pieces = read_stream(protocols[at], chunks(&body, &lengths));
        prop_assert_eq!(&pieces, &whole, "cut at {:?}", lengths);
        Ok(())
    });
    if let Err(error) = read {
        panic!("{error}");
    }
}

/// Ten thousand damaged bodies of a kind that come whole, of every protocol, read as what they
/// are and as each of the others.
fn damaged_bodies_are_read_or_refused(kind: &str) {
    let all: Vec<Transcript> =
        of_kinds(&[kind]).into_iter().filter(|it| it.body.len() <= LONGEST).collect();
    let folders: BTreeSet<&str> = all.iter().map(Transcript::folder).collect();
    for folder in ["anthropic", "gemini", "ollama", "openai"] {
        assert!(folders.contains(folder), "{kind}: no body of {folder} in {folders:?}");
    }
    let protocols: Vec<&dyn Protocol> = all.iter().map(|it| &*it.protocol).collect();
    let strategy = (any::<Index>(), damages(), 100_u16..600);
    let read = ten_thousand_times().run(&strategy, |(which, damages, status)| {
        let at = which.index(all.len());
        let body = damaged(&all[at].body, &damages, &all);
        let mut events = Vec::new();
        let result = protocols[at].whole(&body, &mut |event| events.push(event));
        let most = 3 * body.len() + 64 * events.len();
        prop_assert!(said(&events) <= most, "more is said than was sent");
        prop_assert!(events.len() <= body.len() + 8, "more events than bytes");
        prop_assert!(result.is_err() || end_is_in(&events, &body), "complete without an end");
        let refused = protocols[at].error(status, &body);
        let listed = protocols[at].models(&body);
        for error in result.err().iter().chain([&refused]).chain(listed.as_ref().err()) {
            prop_assert!(!error.message.is_empty() && error.message.len() <= 2_000, "{error:?}");
            prop_assert!(error.kind != ErrorKind::Cancelled);
        }
        if let Ok(models) = &listed {
            let names: usize = models.iter().map(|model| model.id.len()).sum();
            prop_assert!(names <= 3 * body.len(), "more names than were sent");
        }
        Ok(())
    });
    if let Err(error) = read {
        panic!("{error}");
    }
}

#[test]
fn whole_answers_under_damage() {
    damaged_bodies_are_read_or_refused("whole");
}

#[test]
fn errors_under_damage() {
    damaged_bodies_are_read_or_refused("error");
}

#[test]
fn lists_of_models_under_damage() {
    damaged_bodies_are_read_or_refused("models");
}

#[test]
fn openai_under_damage() {
    damaged_answers_are_read_the_same(&["openai", "servers"]);
}

#[test]
fn responses_under_damage() {
    damaged_answers_are_read_the_same(&["responses"]);
}

#[test]
fn anthropic_under_damage() {
    damaged_answers_are_read_the_same(&["anthropic"]);
}

#[test]
fn ollama_under_damage() {
    damaged_answers_are_read_the_same(&["ollama"]);
}

#[test]
fn gemini_under_damage() {
    damaged_answers_are_read_the_same(&["gemini"]);
}

/// One event of half a mebibyte that comes byte by byte. Were what is there looked through anew
/// with every byte, this would be 10^11 steps and would not end.
#[test]
fn a_long_event_in_single_bytes_is_read_once() {
    let text = "x".repeat(512 << 10);
    for (folder, frame) in [
        (
            "openai",
            format!(
                "data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n"
            ),
        ),
        (
            "responses",
            format!("data: {{\"type\":\"response.output_text.delta\",\"delta\":\"{text}\"}}\n\n"),
        ),
        (
            "anthropic",
            format!(
                "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"index\":0,\
                 \"delta\":{{\"type\":\"text_delta\",\"text\":\"{text}\"}}}}\n\n"
            ),
        ),
        ("ollama", format!("{{\"message\":{{\"content\":\"{text}\"}},\"done\":false}}\n")),
        (
            "gemini",
            format!(
                "data: {{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{text}\"}}]}}}}]}}\
                 \r\n\r\n"
            ),
        ),
    ] {
        let all = streams();
        let protocol = &all.iter().find(|it| it.folder() == folder).expect("one").protocol;
        let (events, _) = read_stream(&**protocol, frame.as_bytes().chunks(1));
        assert_eq!(events, [ProviderEvent::Text(text.clone())], "{folder}");
    }
}

/// Many small events are as many: none is held back, joined or looked at again.
#[test]
fn many_small_events_are_read_one_by_one() {
    let frame = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
    let body = frame.repeat(20_000);
    let all = streams();
    let protocol = &all.iter().find(|it| it.folder() == "openai").expect("one").protocol;
    let (events, result) = read_stream(&**protocol, body.chunks(1_000));
    assert_eq!(events.len(), 20_000);
    assert_eq!(result.expect_err("no end").kind, ErrorKind::InterruptedStream);
}
