//! Whole replies, and the retry loop over a real socket.

use promptlathe::model::ErrorKind as E;

use super::*;

fn whole(kind: ProviderKind, text: &str) -> String {
    let text = serde_json::Value::from(text);
    match kind {
        ProviderKind::Anthropic => format!(
            "{{\"type\":\"message\",\"model\":\"m\",\"content\":[{{\"type\":\"text\",\"text\":\
             {text}}}],\"stop_reason\":\"end_turn\",\"usage\":{{\"input_tokens\":3,\
             \"output_tokens\":2}}}}"
        ),
        ProviderKind::Ollama => format!(
            "{{\"model\":\"m\",\"message\":{{\"role\":\"assistant\",\"content\":{text}}},\"done\":\
             true,\"done_reason\":\"stop\"}}"
        ),
        ProviderKind::Responses => format!(
            "{{\"model\":\"m\",\"status\":\"completed\",\"output\":[{{\"type\":\"message\",\
             \"content\":[{{\"type\":\"output_text\",\"text\":{text}}}]}}]}}"
        ),
        ProviderKind::Gemini => format!(
            "{{\"modelVersion\":\"m\",\"candidates\":[{{\"index\":0,\"content\":{{\"parts\":\
             [{{\"text\":{text}}}]}},\"finishReason\":\"STOP\"}}]}}"
        ),
        _ => format!(
            "{{\"model\":\"m\",\"choices\":[{{\"index\":0,\"message\":{{\"role\":\"assistant\",\
             \"content\":{text}}},\"finish_reason\":\"stop\"}}]}}"
        ),
    }
}

fn reply(body: &str) -> Step {
    Step::text(&format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: \
         close\r\n\r\n{body}",
        body.len()
    ))
}

#[tokio::test]
async fn a_whole_reply_is_read() {
    for kind in KINDS {
        let body = whole(kind, "hello");
        let server = Server::start(move |_| vec![reply(&body)]).await;
        let outcome = call(&*provider_at(kind, &server.base, &limits()), false).await;
        assert!(outcome.result.is_ok(), "{kind:?} {outcome:?}");
        assert_eq!((outcome.text.as_str(), outcome.finish), ("hello", Some(FinishReason::Stop)));
    }
}

#[tokio::test]
async fn a_whole_reply_is_read_in_whatever_pieces_it_comes() {
    for kind in KINDS {
        let pieces = whole(kind, "hellö");
        let pieces = pieces.chars().map(|c| format!("{:x}\r\n{c}\r\n", c.len_utf8()));
        let pieces = pieces.collect::<Vec<_>>().concat();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: \
                    chunked\r\nconnection: close\r\n\r\n";
        for stream in [false, true] {
            let steps = vec![Step::text(head), Step::text(&format!("{pieces}0\r\n\r\n"))];
            let server = Server::start(move |_| steps.clone()).await;
            let outcome = call(&*provider_at(kind, &server.base, &limits()), stream).await;
            assert!(outcome.result.is_ok(), "{kind:?} {outcome:?}");
            assert_eq!(outcome.text, "hellö");
        }
    }
}

#[tokio::test]
async fn a_whole_reply_to_a_question_for_a_stream_is_taken() {
    for kind in KINDS {
        let outcome = against(kind, vec![reply(&whole(kind, "hello"))]).await;
        assert!(outcome.result.is_ok(), "{kind:?} {outcome:?}");
        assert_eq!(outcome.text, "hello");
    }
}

#[tokio::test]
async fn a_whole_reply_that_breaks_off_is_not_complete() {
    for kind in KINDS {
        let body = whole(kind, "hello");
        for cut in [1, body.len() / 2, body.len() - 1] {
            let short = body[..cut].to_owned();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
                 connection: close\r\n\r\n{short}",
                body.len()
            );
            let server = Server::start(move |_| vec![Step::text(&head)]).await;
            let outcome = call(&*provider_at(kind, &server.base, &limits()), false).await;
            assert_eq!(outcome.error().kind, E::InterruptedStream, "{kind:?} {cut}");
        }
    }
}

#[tokio::test]
async fn a_whole_reply_that_is_something_else_is_told() {
    for kind in KINDS {
        for body in ["[]", "{}", "null", "\"hello\"", "hello", "{\"choices\":[]}"] {
            let server = Server::start(move |_| vec![reply(body)]).await;
            let outcome = call(&*provider_at(kind, &server.base, &limits()), false).await;
            let kind_of_error = outcome.error().kind;
            assert!(
                matches!(kind_of_error, E::Protocol | E::InterruptedStream),
                "{kind:?} {body}: {}",
                outcome.error()
            );
        }
    }
}

#[tokio::test]
async fn the_list_of_models_is_bounded_and_read() {
    let body = "{\"data\":[{\"id\":\"one\"},{\"id\":\"two\u{1b}[2J\"}],\"models\":[{\"name\":\
                \"one\"},{\"name\":\"two\"}]}";
    for kind in KINDS {
        let server = Server::start(move |_| vec![reply(body)]).await;
        let models = provider_at(kind, &server.base, &limits()).models().await.expect("a list");
        assert_eq!(models.len(), 2);
        let endless = vec![
            Step::text("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"data\":["),
            Step::Endless(vec![b' '; 64 << 10]),
        ];
        let server = Server::start(move |_| endless.clone()).await;
        let error = provider_at(kind, &server.base, &limits()).models().await.expect_err("bounded");
        assert_eq!(error.kind, E::ResponseTooLarge);
    }
}
