//! Servers on this machine, found without being asked for.

use promptlathe::provider::discover::servers_at;

use super::*;

fn listing(body: &str) -> Vec<Step> {
    vec![Step::text(&format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: \
         close\r\n\r\n{body}",
        body.len()
    ))]
}

#[tokio::test]
async fn only_those_that_answer_with_a_list_are_found_and_none_is_waited_for() {
    let ollama = Server::start(|_| listing("{\"models\":[{\"name\":\"llama3\"}]}")).await;
    let openai = Server::start(|_| listing("{\"data\":[{\"id\":\"tiny\"}]}")).await;
    let silent = Server::start(|_| vec![Step::UntilGone]).await;
    let page = Server::start(|_| listing("<html>hello</html>")).await;
    let endless = Server::start(|_| {
        vec![
            Step::text("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"data\":["),
            Step::Endless(vec![b' '; 64 << 10]),
        ]
    })
    .await;
    let moved = Server::start(|_| {
        vec![Step::text(
            "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        )]
    })
    .await;
    let places = [
        ("ollama".to_owned(), ProviderKind::Ollama, ollama.base.clone()),
        ("llamacpp".to_owned(), ProviderKind::OpenAi, openai.base.clone()),
        ("silent".to_owned(), ProviderKind::OpenAi, silent.base.clone()),
        ("page".to_owned(), ProviderKind::OpenAi, page.base.clone()),
        ("endless".to_owned(), ProviderKind::OpenAi, endless.base.clone()),
        ("moved".to_owned(), ProviderKind::OpenAi, moved.base.clone()),
    ];
    let found = servers_at(places, Duration::from_millis(500)).await;
    let names: Vec<(&str, &str)> =
        found.iter().map(|server| (server.name.as_str(), server.models[0].id.as_str())).collect();
    assert_eq!(names, [("llamacpp", "tiny"), ("ollama", "llama3")]);
    for server in [&ollama, &openai, &silent] {
        for request in server.requests() {
            assert!(!request.head.to_lowercase().contains("authorization"), "{}", request.head);
        }
    }
    silent.client_is_gone().await;
    endless.client_is_gone().await;
}

#[tokio::test]
async fn nothing_is_found_where_nothing_is() {
    let nobody = Nobody::new();
    let places = [("gone".to_owned(), ProviderKind::OpenAi, nobody.base.clone())];
    assert!(servers_at(places, Duration::from_millis(500)).await.is_empty());
}
