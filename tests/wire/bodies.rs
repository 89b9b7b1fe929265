//! Streams that break off, are too large, or are no streams.

use std::io::Write as _;

use flate2::{
    Compression,
    write::{GzEncoder, ZlibEncoder},
};
use promptlathe::model::ErrorKind as E;

use super::*;

#[tokio::test]
async fn a_whole_stream_is_complete() {
    for kind in KINDS {
        let outcome = against(kind, vec![head(kind), Step::text(&stream(kind, "hello"))]).await;
        assert!(outcome.result.is_ok(), "{kind:?} {outcome:?}");
        assert_eq!((outcome.text.as_str(), outcome.finish), ("hello", Some(FinishReason::Stop)));
    }
}

#[tokio::test]
async fn a_stream_cut_before_its_end_is_never_complete_and_keeps_its_text() {
    for kind in KINDS {
        let start = format!("{}{}{}", opening(kind), piece(kind, "so "), piece(kind, "far"));
        let ending = ending(kind);
        // With `[DONE]` or the last frame missing, a reason to stop alone may be the end.
        let needed = match kind {
            ProviderKind::OpenAi => 1,
            _ => ending.len(),
        };
        for frames in 0..needed {
            let body = format!("{start}{}", ending[..frames].concat());
            for end in [None, Some(Step::Reset)] {
                let mut steps = vec![head(kind), Step::text(&body)];
                steps.extend(end);
                let outcome = against(kind, steps).await;
                let error = outcome.error();
                assert_eq!(error.kind, E::InterruptedStream, "{kind:?} {frames} {error}");
                // A reset may overtake what the system still held.
                assert!("so far".starts_with(&outcome.text), "{kind:?} {frames} {outcome:?}");
            }
        }
    }
}

#[tokio::test]
async fn silence_in_the_middle_ends_the_call() {
    for kind in KINDS {
        let steps =
            vec![head(kind), Step::text(&(opening(kind) + &piece(kind, "so"))), Step::UntilGone];
        let server = Server::start(move |_| steps.clone()).await;
        let limits = EngineSettings { idle_timeout: Duration::from_millis(120), ..limits() };
        let outcome = call(&*provider_at(kind, &server.base, &limits), true).await;
        assert_eq!((outcome.error().kind, outcome.text.as_str()), (E::Timeout, "so"));
        assert!(outcome.error().hint.as_deref().is_some_and(|it| it.contains("idle_timeout")));
        server.client_is_gone().await;
    }
}

#[tokio::test]
async fn silence_before_a_reply_ends_the_call() {
    for kind in KINDS {
        let server = Server::start(|_| vec![Step::UntilGone]).await;
        let limits = EngineSettings { idle_timeout: Duration::from_millis(120), ..limits() };
        let outcome = call(&*provider_at(kind, &server.base, &limits), true).await;
        assert_eq!(outcome.error().kind, E::Timeout);
        server.client_is_gone().await;
    }
}

#[tokio::test]
async fn the_whole_call_has_an_end_however_much_is_said() {
    for kind in KINDS {
        let beat = piece(kind, "x");
        let steps = vec![head(kind), Step::text(&opening(kind)), Step::Endless(beat.into_bytes())];
        let server = Server::start(move |_| steps.clone()).await;
        let limits = EngineSettings {
            total_timeout: Duration::from_millis(150),
            max_response: u64::MAX,
            max_answer: u64::MAX,
            ..limits()
        };
        let outcome = call(&*provider_at(kind, &server.base, &limits), true).await;
        assert_eq!(outcome.error().kind, E::Timeout);
        assert!(outcome.error().hint.as_deref().is_some_and(|it| it.contains("total_timeout")));
        server.client_is_gone().await;
    }
}

#[tokio::test]
async fn an_endless_line_ends_at_the_limit() {
    for kind in KINDS {
        let steps = vec![head(kind), Step::text("data: \""), Step::Endless(vec![b'a'; 64 << 10])];
        let server = Server::start(move |_| steps.clone()).await;
        let outcome = call(&*provider_at(kind, &server.base, &limits()), true).await;
        assert_eq!(outcome.error().kind, E::ResponseTooLarge, "{kind:?} {}", outcome.error());
        assert!(outcome.error().hint.as_deref().is_some_and(|it| it.contains("max_event")));
        server.client_is_gone().await;
        // What was read is the limit, and what the system holds on the way.
        assert!(server.sent() < 32 << 20, "{}", server.sent());
    }
}

#[tokio::test]
async fn an_endless_answer_ends_at_the_limit() {
    for kind in KINDS {
        let many = piece(kind, "word ").repeat(500).into_bytes();
        let steps = vec![head(kind), Step::text(&opening(kind)), Step::Endless(many)];
        let server = Server::start(move |_| steps.clone()).await;
        let outcome = call(&*provider_at(kind, &server.base, &limits()), true).await;
        assert_eq!(outcome.error().kind, E::ResponseTooLarge, "{kind:?} {}", outcome.error());
        assert!(outcome.error().hint.as_deref().is_some_and(|it| it.contains("max_response")));
        assert!(outcome.text.len() as u64 <= limits().max_response);
        server.client_is_gone().await;
    }
}

#[tokio::test]
async fn an_answer_of_long_pieces_ends_at_its_own_limit() {
    const MOST: u64 = 100_000;
    for kind in KINDS {
        let long = piece(kind, &"word ".repeat(1_000)).into_bytes();
        let steps = vec![head(kind), Step::text(&opening(kind)), Step::Endless(long)];
        let server = Server::start(move |_| steps.clone()).await;
        let limits = EngineSettings { max_answer: MOST, ..limits() };
        let outcome = call(&*provider_at(kind, &server.base, &limits), true).await;
        assert_eq!(outcome.error().kind, E::ResponseTooLarge, "{kind:?} {}", outcome.error());
        assert!(outcome.error().hint.as_deref().is_some_and(|it| it.contains("max_answer")));
        assert!(outcome.text.len() as u64 > MOST, "what came is kept");
        server.client_is_gone().await;
    }
}

/// A way of packing bodies.
type Pack = fn(&[u8], usize) -> Vec<u8>;

/// Every way that is unpacked, by the name it has in heads; each packs a text many times over.
const PACKED: [(&str, Pack); 4] = [
    ("gzip", |text, times| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        (0..times).for_each(|_| packed.write_all(text).expect("in memory"));
        packed.finish().expect("in memory")
    }),
    ("deflate", |text, times| {
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
        (0..times).for_each(|_| packed.write_all(text).expect("in memory"));
        packed.finish().expect("in memory")
    }),
    ("br", |text, times| {
        let mut packed = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 5, 22);
        (0..times).for_each(|_| packed.write_all(text).expect("in memory"));
        packed.into_inner()
    }),
    ("zstd", |text, times| {
        let mut packed = zstd::Encoder::new(Vec::new(), 3).expect("in memory");
        (0..times).for_each(|_| packed.write_all(text).expect("in memory"));
        packed.finish().expect("in memory")
    }),
];

#[tokio::test]
async fn a_small_body_that_unpacks_to_a_huge_one_ends_at_the_limit() {
    let spaces = vec![b' '; 1 << 20];
    for (encoding, pack) in PACKED {
        let packed = pack(&spaces, 256);
        assert!(packed.len() < 1 << 20, "{encoding}: {}", packed.len());
        for kind in KINDS {
            for content_type in ["text/event-stream", "application/json"] {
                let head = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-encoding: \
                     {encoding}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    packed.len()
                );
                let steps = vec![Step::text(&head), Step::Send(packed.clone())];
                let outcome = against(kind, steps).await;
                let error = outcome.error();
                assert_eq!(error.kind, E::ResponseTooLarge, "{encoding} {kind:?}: {error}");
                assert!(!error.retryable, "{encoding} {kind:?}: {error}");
            }
            // As an error's body it is cut, and the error is told.
            let head = format!(
                "HTTP/1.1 500 Oops\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n",
                packed.len()
            );
            let outcome = against(kind, vec![Step::text(&head), Step::Send(packed.clone())]).await;
            assert_eq!(outcome.error().kind, E::Server, "{encoding}: {}", outcome.error());
            assert_eq!(outcome.body.as_ref().map(String::len), Some(64 << 10), "{encoding}");
        }
    }
}

#[tokio::test]
async fn a_packed_stream_is_unpacked() {
    for (encoding, pack) in PACKED {
        for kind in KINDS {
            let packed = pack(stream(kind, "packed").as_bytes(), 1);
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: \
                 {encoding}\r\nconnection: close\r\n\r\n"
            );
            let outcome = against(kind, vec![Step::text(&head), Step::Send(packed)]).await;
            assert!(outcome.result.is_ok(), "{encoding} {kind:?} {outcome:?}");
            assert_eq!(outcome.text, "packed");
        }
    }
}

#[tokio::test]
async fn a_frame_that_is_no_json_ends_the_call_and_keeps_what_came() {
    for kind in KINDS {
        let broken = match kind {
            ProviderKind::Ollama => "{broken \u{1b}[31m}\n".to_owned(),
            _ => "data: {broken \u{1b}[31m}\n\n".to_owned(),
        };
        let body =
            format!("{}{}{broken}{}", opening(kind), piece(kind, "so"), ending(kind).concat());
        let outcome = against(kind, vec![head(kind), Step::text(&body)]).await;
        assert_eq!((outcome.error().kind, outcome.text.as_str()), (E::Protocol, "so"));
    }
}

#[tokio::test]
async fn a_page_instead_of_an_answer_is_told_as_one() {
    let page = "<!doctype html><title>Sign in\u{1b}[2J</title>";
    for kind in KINDS {
        for content_type in ["text/html", "text/html; charset=utf-8", "text/event-stream"] {
            let reply = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n{page}",
                page.len()
            );
            let outcome = against(kind, vec![Step::text(&reply)]).await;
            assert_eq!(outcome.error().kind, E::Protocol, "{kind:?} {content_type}");
            assert!(outcome.text.is_empty());
        }
    }
}

#[tokio::test]
async fn text_is_exact_whatever_it_holds() {
    let hostile = "a\u{1b}[2J\u{202e}b\r\nc\u{0}d\u{feff}é👩‍👩‍👧";
    for kind in KINDS {
        let outcome = against(kind, vec![head(kind), Step::text(&stream(kind, hostile))]).await;
        assert!(outcome.result.is_ok(), "{outcome:?}");
        assert_eq!(outcome.text, hostile);
    }
}
