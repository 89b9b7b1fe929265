//! Servers that speak OpenAI's protocol in their own way: where a request goes and how its key
//! travels.

use promptlathe::config::{Authentication, Server as Compatible};

use super::*;

/// The head of the request for an answer and of that for the models.
async fn heads(change: impl FnOnce(&mut ProviderSettings)) -> (Vec<String>, Outcome) {
    let body = stream(ProviderKind::OpenAi, "hello");
    let answer = move |number| {
        if number == 0 {
            vec![head(ProviderKind::OpenAi), Step::text(&body)]
        } else {
            vec![Step::text(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n\
                 {\"data\":[{\"id\":\"m\"}]}",
            )]
        }
    };
    let server = Server::start(answer).await;
    let mut settings =
        ProviderSettings::new(ProviderKind::OpenAi, server.base.clone(), KeySource::None);
    change(&mut settings);
    let key = Secret::new(KEY.to_owned());
    let provider = build("test", &settings, &limits(), Some(&key), &Arc::new(Catalog::builtin()))
        .expect("built");
    let outcome = call(&*provider, true).await;
    let models = provider.models().await.expect("a list");
    assert_eq!(models.len(), 1);
    (server.requests().into_iter().map(|request| request.head).collect(), outcome)
}

fn first_line(head: &str) -> &str {
    head.lines().next().unwrap_or_default()
}

#[tokio::test]
async fn azure_names_the_deployment_in_the_path_and_the_version_in_the_query() {
    let (heads, outcome) = heads(|settings| settings.quirks = Some(Compatible::Azure)).await;
    assert_eq!((outcome.text.as_str(), outcome.result.is_ok()), ("hello", true));
    assert_eq!(
        first_line(&heads[0]),
        "POST /openai/deployments/gpt-4o-minni/chat/completions?api-version=2024-10-21 HTTP/1.1"
    );
    assert_eq!(first_line(&heads[1]), "GET /openai/models?api-version=2024-10-21 HTTP/1.1");
    for head in &heads {
        assert!(head.contains(&format!("api-key: {KEY}")), "{head}");
        assert!(!head.to_lowercase().contains("authorization"), "{head}");
    }
}

#[tokio::test]
async fn azures_newer_interface_is_spoken_where_the_address_names_it() {
    let (heads, _) = heads(|settings| {
        settings.quirks = Some(Compatible::Azure);
        settings.base_url.set_path("/openai/v1");
    })
    .await;
    assert_eq!(first_line(&heads[0]), "POST /openai/v1/chat/completions HTTP/1.1");
    assert!(heads[0].contains(&format!("api-key: {KEY}")), "{}", heads[0]);
}

#[tokio::test]
async fn what_a_person_states_about_version_and_key_stands() {
    let (heads, _) = heads(|settings| {
        settings.quirks = Some(Compatible::Azure);
        settings.api_version = Some("2025-01-01-preview".to_owned());
        settings.base_url.set_path("/openai");
        settings.authentication = Authentication::Bearer;
        settings.authentication_is_stated = true;
    })
    .await;
    assert_eq!(
        first_line(&heads[0]),
        "POST /openai/deployments/gpt-4o-minni/chat/completions?api-version=2025-01-01-preview \
         HTTP/1.1"
    );
    assert!(heads[0].contains(&format!("authorization: Bearer {KEY}")), "{}", heads[0]);
}

#[tokio::test]
async fn every_other_server_is_asked_at_the_usual_place() {
    for server in Compatible::ALL.into_iter().filter(|server| *server != Compatible::Azure) {
        let (heads, _) = heads(|settings| settings.quirks = Some(server)).await;
        assert_eq!(first_line(&heads[0]), "POST /chat/completions HTTP/1.1", "{server:?}");
        assert_eq!(first_line(&heads[1]), "GET /models HTTP/1.1", "{server:?}");
        assert!(heads[0].contains(&format!("authorization: Bearer {KEY}")), "{server:?}");
    }
}
