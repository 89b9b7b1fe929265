//! The simulated models through their real server.

use promptlathe::{
    model::ErrorKind as E,
    provider::demo::{DemoConfig, DemoServer, Pace},
};

use super::*;

async fn server() -> DemoServer {
    DemoServer::start(DemoConfig { pace: Pace::Instant, ..DemoConfig::default() })
        .await
        .expect("it listens")
}

fn client(server: &DemoServer, key: Option<&Secret>) -> Arc<dyn Provider> {
    let settings =
        ProviderSettings::new(ProviderKind::OpenAi, server.base_url.clone(), KeySource::None);
    build("demo", &settings, &limits(), key, &Arc::new(Catalog::builtin())).expect("built")
}

async fn ask(
    provider: &dyn Provider,
    model: &str,
    stream: bool,
) -> (Result<(), CallError>, Vec<ProviderEvent>) {
    let request = ChatRequest {
        model: model.to_owned(),
        messages: vec![Message::new(
            Role::User,
            "Classify the sentiment of this message in one word: I love it!",
        )],
        parameters: GenerationParameters { seed: Some(7), ..GenerationParameters::default() },
        stream,
    };
    let mut events = Vec::new();
    let result = provider.call(&request, &mut |event| events.push(event)).await;
    (result, events)
}

fn text(events: &[ProviderEvent]) -> String {
    let piece = |event: &ProviderEvent| match event {
        ProviderEvent::Text(piece) => Some(piece.clone()),
        _ => None,
    };
    events.iter().filter_map(piece).collect()
}

#[tokio::test]
async fn all_three_answer_streamed_and_whole_alike() {
    let server = server().await;
    let provider = client(&server, server.token());
    for model in ["fast", "balanced", "careful"] {
        let (streamed, events) = ask(&*provider, model, true).await;
        assert_eq!(streamed, Ok(()), "{model}");
        let (whole, at_once) = ask(&*provider, model, false).await;
        assert_eq!(whole, Ok(()), "{model}");
        assert!(text(&events).to_lowercase().contains("positive"), "{model}: {}", text(&events));
        assert_eq!(text(&events), text(&at_once), "{model}");
        let (_, again) = ask(&*provider, model, true).await;
        assert_eq!(text(&again), text(&events), "the same seed, the same answer");
        let usage = |events: &[ProviderEvent]| {
            events.iter().rev().find_map(|event| match event {
                ProviderEvent::Usage(usage) => Some(*usage),
                _ => None,
            })
        };
        let usage = usage(&events).expect("the usage is told");
        assert!(usage.output_tokens.is_some_and(|tokens| tokens > 0) && !usage.estimated);
        let ends = |event: &ProviderEvent| {
            matches!(event, ProviderEvent::Finish { reason: FinishReason::Stop, .. })
        };
        assert_eq!(events.iter().filter(|event| ends(event)).count(), 1);
    }
}

#[tokio::test]
async fn without_its_token_nobody_is_answered() {
    let server = server().await;
    let wrong = Secret::new("not-the-token".to_owned());
    for key in [None, Some(&wrong)] {
        let (result, events) = ask(&*client(&server, key), "fast", true).await;
        assert_eq!(result.expect_err("refused").kind, E::Authentication);
        assert!(text(&events).is_empty());
    }
}

#[tokio::test]
async fn a_model_it_does_not_have_is_told_with_those_it_has() {
    let server = server().await;
    let (result, _) = ask(&*client(&server, server.token()), "fats", true).await;
    let error = result.expect_err("there is none");
    assert_eq!(error.kind, E::NotFound);
    assert!(
        error.to_string().contains("fast") || format!("{error:?}").contains("fast"),
        "{error:?}"
    );
}

#[tokio::test]
async fn its_models_are_listed() {
    let server = server().await;
    let models = client(&server, server.token()).models().await.expect("a list");
    let names: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
    assert_eq!(names, ["fast", "balanced", "careful"]);
}

#[tokio::test]
async fn a_caller_who_hangs_up_ends_the_answer() {
    let server = DemoServer::start(DemoConfig::default()).await.expect("it listens");
    let provider = client(&server, server.token());
    let mut active = server.active();
    let call = tokio::spawn(async move { ask(&*provider, "careful", true).await.0 });
    active.wait_for(|count| *count == 1).await.expect("it answers");
    call.abort();
    active.wait_for(|count| *count == 0).await.expect("it stops");
}
