//! Budgets, and what is counted of an answer that was not waited for.

use pretty_assertions::assert_eq;

use crate::{config::UnknownPrice, model::CacheState};

use super::*;

fn ten_dollars() -> BudgetSettings {
    BudgetSettings { day: Some(10.0), ..BudgetSettings::default() }
}

/// Asks for at most half a million tokens, which cost a dollar, and so says the answer.
fn dear() -> CallSpec {
    let mut spec = call(VariantName::A, "scripted");
    spec.parameters.max_tokens = Some(500_000);
    spec
}

fn dollar_answer() -> Vec<Step> {
    let finish = ProviderEvent::Finish { reason: FinishReason::Stop, raw: "stop".to_owned() };
    let usage = Usage { input_tokens: Some(0), output_tokens: Some(500_000), ..Usage::default() };
    let rest = vec![
        Step::Sleep(1_000),
        say("x"),
        Step::Say(finish),
        Step::Say(ProviderEvent::Usage(usage)),
    ];
    [opening(), rest].concat()
}

#[tokio::test(start_paused = true)]
async fn a_budget_stops_before_it_is_passed_however_many_ask_at_once() {
    let budget = BudgetSettings { day: Some(3.5), ..BudgetSettings::default() };
    let scripts = (0..8).map(|_| dollar_answer()).collect();
    let counter = counter(scripts, CacheSettings::default(), budget);
    let ended = counter.run((0..8).map(|_| dear()).collect()).await;
    let (sent, blocked): (Vec<_>, Vec<_>) =
        ended.into_iter().partition(|record| record.status == Status::Ok);
    assert_eq!((sent.len(), blocked.len()), (3, 5));
    assert_eq!(counter.left(), 5, "what is blocked is not sent");
    let spent = counter.store.spend_since(Timestamp::UNIX_EPOCH).await.expect("summed");
    assert!((spent - 3.0).abs() < 1e-6, "{spent}");
    for record in blocked {
        assert_eq!(
            (record.status, record.error_kind()),
            (Status::Blocked, Some(ErrorKind::Budget))
        );
        let error = record.error.expect("it says why");
        for word in ["day", "$3.50", "$1.00", "set aside"] {
            assert!(error.message.contains(word), "no {word}: {error}");
        }
        let hint = error.hint.as_deref().unwrap_or_default();
        assert!(hint.contains("1970-01-02 00:00") && hint.contains("[budget]"), "{hint}");
    }
    // What was set aside is let go with each record, so the last half dollar is still there.
    let mut cheap = dear();
    cheap.parameters.max_tokens = Some(200_000);
    assert_eq!(counter.one(cheap).await.status, Status::Ok);
}

#[tokio::test(start_paused = true)]
async fn a_run_has_a_budget_of_its_own() {
    let budget = BudgetSettings { per_run: Some(1.5), ..BudgetSettings::default() };
    let scripts = (0..3).map(|_| dollar_answer()).collect();
    let counter = counter(scripts, CacheSettings::default(), budget);
    let ended = counter.run(vec![dear(), dear()]).await;
    let blocked: Vec<_> = ended.iter().filter(|record| record.status == Status::Blocked).collect();
    assert_eq!(blocked.len(), 1);
    let error = blocked[0].error.as_ref().expect("it says why").to_string();
    assert!(error.contains("the run's budget of $1.50") && error.contains("per_run"), "{error}");
    assert_eq!(counter.one(dear()).await.status, Status::Ok, "another run begins anew");
}

#[tokio::test(start_paused = true)]
async fn an_answer_given_before_needs_no_budget() {
    let scripts = vec![dollar_answer()];
    let budget = BudgetSettings { hour: Some(1.0), ..BudgetSettings::default() };
    let counter = counter(scripts, exact(), budget);
    let same = || CallSpec {
        parameters: GenerationParameters { temperature: Some(0.0), ..dear().parameters },
        // Nothing of the prompt is paid for here, so that one call takes the budget whole.
        messages: Vec::new(),
        ..dear()
    };
    let mut first = same();
    first.parameters.max_tokens = Some(499_000);
    let second = first.clone();
    assert_eq!(counter.one(first).await.status, Status::Ok);
    assert_eq!(counter.one(same()).await.status, Status::Blocked);
    let again = CallSpec { execution_id: ExecutionId(Uuid::now_v7()), ..second };
    let again = counter.one(again).await;
    assert_eq!((again.status, again.cache), (Status::Ok, CacheState::Exact));
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_price_is_told_or_stopped() {
    let scripts = vec![answer(&[say("x")])];
    let allowed = counter(scripts, CacheSettings::default(), ten_dollars());
    let mut free = call(VariantName::A, "scripted");
    free.model.model = "unpriced".to_owned();
    let mut handle = allowed.engine.start(run(vec![free.clone()]));
    let told = words(&all(&mut handle).await);
    assert!(told.contains(&"unpriced".to_owned()), "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("finished ok"));

    let budget = BudgetSettings { unknown_price: UnknownPrice::Block, ..ten_dollars() };
    let blocking = counter(Vec::new(), CacheSettings::default(), budget);
    let record = blocking.one(free).await;
    let error = record.error.expect("it says why");
    assert_eq!((record.status, error.kind), (Status::Blocked, ErrorKind::Budget));
    assert!(error.hint.as_deref().is_some_and(|hint| hint.contains("price_input")), "{error}");
}

/// A part without a price leaves the cost unknown, and the budget stops all the same.
#[tokio::test(start_paused = true)]
async fn what_a_part_without_a_price_costs_at_most_fills_a_budget() {
    let usage = Usage {
        input_tokens: Some(1_000_000),
        output_tokens: Some(20),
        cached_input_tokens: Some(64),
        ..Usage::default()
    };
    let script =
        [opening(), vec![say("x")], ending(), vec![Step::Say(ProviderEvent::Usage(usage))]];
    let budget = BudgetSettings { day: Some(1.5), ..BudgetSettings::default() };
    let counter = counter(vec![script.concat()], CacheSettings::default(), budget);
    let record = counter.one(dear()).await;
    assert_eq!((record.status, record.cost_usd), (Status::Ok, None));
    let spent = counter.store.spend_since(Timestamp::UNIX_EPOCH).await.expect("summed");
    assert!((spent - 1.00004).abs() < 1e-6, "{spent}");
    assert_eq!(counter.one(dear()).await.status, Status::Blocked);
}

/// Half a count is no cost, and a budget must count something.
#[tokio::test(start_paused = true)]
async fn a_count_that_was_left_out_is_estimated_where_a_budget_is_set() {
    let usage = Usage { input_tokens: Some(1_000_000), ..Usage::default() };
    let finish = ProviderEvent::Finish { reason: FinishReason::Stop, raw: String::new() };
    let rest = vec![say("six words that were paid for"), Step::Say(finish)];
    let script = [opening(), rest, vec![Step::Say(ProviderEvent::Usage(usage))]].concat();
    let counter = counter(vec![script], CacheSettings::default(), ten_dollars());
    let record = counter.one(dear()).await;
    assert!(record.usage.estimated && record.cost_usd > Some(1.0), "{:?}", record.usage);
}

/// What is tried again after it was paid for is asked for again of the budget, too.
#[tokio::test(start_paused = true)]
async fn another_attempt_is_made_where_the_budget_has_more() {
    // The server takes the request, works on it, and says that it failed.
    let took = Usage { input_tokens: Some(1_000_000), output_tokens: Some(1), ..Usage::default() };
    let paid = || {
        let failed = failing(ErrorKind::Server);
        [opening(), vec![Step::Say(ProviderEvent::Usage(took)), Step::Fail(failed)]].concat()
    };
    for (per_run, attempts) in [(1.5, 1), (2.5, 2), (3.5, 3)] {
        let budget = BudgetSettings { per_run: Some(per_run), ..BudgetSettings::default() };
        let counter = counter(vec![paid(), paid(), paid()], CacheSettings::default(), budget);
        let mut handle = counter.engine.start(run(vec![dear()]));
        let events = all(&mut handle).await;
        let waits = words(&events).iter().filter(|word| word.starts_with("wait ")).count();
        assert_eq!(waits, attempts - 1, "nobody waits for what is refused: {events:?}");
        let Some(RunEventKind::Finished(record)) = events.last().map(|event| &event.kind) else {
            panic!("a call always ends");
        };
        assert_eq!(3 - counter.left(), attempts, "{per_run}");
        let spent = counter.store.spend_since(Timestamp::UNIX_EPOCH).await.expect("summed");
        assert!(spent <= per_run, "{per_run}: {spent}");
        let error = record.error.as_ref().expect("it says why");
        if attempts == 3 {
            assert_eq!(error.kind, ErrorKind::Server, "{error}");
            continue;
        }
        assert_eq!((record.status, error.kind), (Status::Blocked, ErrorKind::Budget));
        for part in ["scripted/m is not asked again: the run's budget", "it did not work"] {
            assert!(error.message.contains(part), "no {part}: {error}");
        }
        let last = record.attempts.last().and_then(|it| it.error.as_ref());
        assert_eq!(last.map(|error| error.kind), Some(ErrorKind::Budget));
    }
}

/// The head said that the call was accepted: that its answer could not be read makes it no
/// cheaper.
#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_read_is_paid_for() {
    for kind in [ErrorKind::Protocol, ErrorKind::ResponseTooLarge] {
        let failed = || Step::Fail(CallError::new(kind, "not readable"));
        let read = [opening(), vec![failed()]].concat();
        let refused = vec![Step::Say(ProviderEvent::Sent), failed()];
        let counter = counter(vec![read, refused], CacheSettings::default(), ten_dollars());
        let record = counter.one(dear()).await;
        assert!(record.usage.estimated && record.cost_usd > Some(0.0), "{kind:?}: {record:?}");
        let spent = counter.store.spend_since(Timestamp::UNIX_EPOCH).await.expect("summed");
        assert!(spent > 0.0, "{spent}");
        assert_eq!(counter.one(dear()).await.cost_usd, None, "no head came");
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_of_a_cancelled_answer_is_counted_and_paid_for() {
    let early = ProviderEvent::Usage(Usage {
        input_tokens: Some(77),
        output_tokens: Some(1),
        ..Usage::default()
    });
    let told = [opening(), vec![Step::Say(early), say("six words that were paid for"), Step::Hang]];
    let untold = [opening(), vec![say("six words that were paid for"), Step::Hang]];
    let scripts = vec![told.concat(), untold.concat()];
    let counter = counter(scripts, CacheSettings::default(), BudgetSettings::default());
    for input in [Some(77), Some(8)] {
        let mut handle = counter.engine.start(run(vec![call(VariantName::A, "scripted")]));
        while let Some(event) = handle.next().await {
            match event.kind {
                RunEventKind::Delta { .. } => handle.cancel_all(),
                RunEventKind::Finished(record) => {
                    assert_eq!(record.status, Status::Cancelled);
                    assert!(record.usage.estimated);
                    assert_eq!(record.usage.input_tokens, input);
                    assert!(record.usage.output_tokens.is_some_and(|count| count > 4));
                    let spend = record.spend.expect("priced");
                    assert_eq!(record.cost_usd, Some(spend.total()));
                    assert!(spend.visible > 0.0 && spend.input > 0.0);
                }
                _ => {}
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_estimate_learns_from_the_answers_before() {
    let counter = counter(vec![answer(&[say("x")])], exact(), BudgetSettings::default());
    let mut spec = steady();
    spec.parameters.max_tokens = Some(1_000_000);
    let before = counter.estimate(&spec).await;
    assert_eq!((before.output_from, before.output_tokens), (OutputFrom::MaxTokens, 1_000_000));
    counter.one(spec.clone()).await;
    let cached = counter.estimate(&spec).await;
    assert!(cached.cached && cached.cost_usd == Some(0.0), "{cached:?}");
    spec.cache = CacheUse::Asked(CacheMode::Off);
    let after = counter.estimate(&spec).await;
    assert_eq!(after.output_from, OutputFrom::History { answers: 1 });
    assert_eq!((after.output_tokens, after.most_output_tokens), (20, 1_000_000));
}

/// What of two scripted providers falls back, with a budget.
fn two_with_budget(day: f64, first: Vec<Vec<Step>>, second: Vec<Vec<Step>>) -> (Engine, Store) {
    let store = store();
    let known = vec![Scripted::new("scripted", first), Scripted::new("other", second)];
    let budget = BudgetSettings { day: Some(day), ..BudgetSettings::default() };
    let engine = Engine::new(EngineParts {
        recorder: Arc::new(store.clone()),
        money: Money { ledger: Arc::new(store.clone()), budget, zone: || TimeZone::UTC },
        ..parts(known, &Arc::new(Memory::default()))
    });
    (engine, store)
}

/// A call that costs a dollar and wants JSON, for which it may ask again.
fn dear_json() -> CallSpec {
    let mut spec = dear();
    spec.parameters.response_format = Some(crate::model::ResponseFormat::Json);
    spec.expectations.recovery = crate::model::Recovery { on: true, ..Default::default() };
    spec
}

/// The first answer cost a dollar and the second would cost another: what was spent is not
/// forgotten while it is on nobody's account yet.
#[tokio::test(start_paused = true)]
async fn asking_again_counts_what_the_answers_before_cost() {
    for (day, answers, dollars) in [(1.5, 1, 1.0), (2.5, 2, 2.0), (3.5, 3, 3.0)] {
        let budget = BudgetSettings { day: Some(day), ..BudgetSettings::default() };
        let scripts = (0..3).map(|_| dollar_answer()).collect();
        let counter = counter(scripts, CacheSettings::default(), budget);
        let record = counter.one(dear_json()).await;
        assert_eq!((record.status, record.text.as_str()), (Status::Ok, "x"), "{day}");
        assert_eq!(3 - counter.left(), answers, "{day}");
        let spent = counter.store.spend_since(Timestamp::UNIX_EPOCH).await.expect("summed");
        assert!(spent <= day && (spent - dollars).abs() < 1e-6, "{day}: {spent}");
        // Why there was no further answer stands among the attempts.
        let last = record.attempts.last().expect("attempts");
        let refused = last.error.as_ref().is_some_and(|error| error.kind == ErrorKind::Budget);
        assert_eq!(refused, answers < 3, "{last:?}");
        assert!(last.strategy.is_some());
    }
}

/// The first model costs nothing that is known, so only the one turned to meets the budget.
#[tokio::test(start_paused = true)]
async fn where_the_next_model_would_pass_a_budget_that_is_what_the_call_ends_with() {
    let failed = vec![Step::Fail(CallError::new(ErrorKind::Quota, "it is spent"))];
    let (engine, store) = two_with_budget(0.5, vec![failed], Vec::new());
    let mut spec = dear();
    spec.model = ModelRef::new("scripted", "unpriced");
    spec.fallback = vec![ModelRef::new("other", "n").into()];
    let id = spec.execution_id;
    let record = ended(&engine, spec).await;
    assert_eq!((record.status, record.error_kind()), (Status::Blocked, Some(ErrorKind::Budget)));
    assert_eq!(record.model_ref().to_string(), "scripted/unpriced");
    let error = record.error.as_ref().expect("it says why");
    for part in ["other/n is not asked: the day's budget", "scripted/unpriced: it is spent"] {
        assert!(error.message.contains(part), "no {part}: {error}");
    }
    let kinds: Vec<_> =
        record.attempts.iter().map(|it| it.error.as_ref().map(|e| e.kind)).collect();
    assert_eq!(kinds, [Some(ErrorKind::Quota), Some(ErrorKind::Budget)]);
    assert_eq!(store.get(id).await.expect("read").map(|it| it.status), Some(Status::Blocked));
}

/// An answer without a limit: at first what such answers take is set aside, then more.
fn pouring(pieces: usize) -> Vec<Step> {
    let piece = "seven words of text are in here. ".repeat(10);
    let steps = (0..pieces).flat_map(|_| [say(&piece), Step::Sleep(10)]);
    [opening(), steps.collect(), ending()].concat()
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_limit_ends_before_it_passes_a_budget() {
    // 2,000 tokens are set aside first, which cost 0.4 cents.
    let mut spec = call(VariantName::A, "scripted");
    spec.messages = Vec::new();
    let budget = |day| BudgetSettings { day: Some(day), ..BudgetSettings::default() };
    let counter = counter(vec![pouring(400)], CacheSettings::default(), budget(0.01));
    let record = counter.one(spec.clone()).await;
    assert_eq!((record.status, record.error_kind()), (Status::Blocked, Some(ErrorKind::Budget)));
    let error = record.error.as_ref().expect("it says why");
    assert!(error.message.starts_with("stopped while it was written: the day's budget"), "{error}");
    assert!(record.text.len() > 8_000, "more was set aside once: {}", record.text.len());
    assert!(record.usage.estimated && record.cost_usd > Some(0.003), "{:?}", record.cost_usd);
    let spent = counter.store.spend_since(Timestamp::UNIX_EPOCH).await.expect("summed");
    assert!(spent <= 0.01, "{spent}");
}

/// Arguments that are never finished are paid for as text is.
#[tokio::test(start_paused = true)]
async fn the_arguments_of_a_call_end_before_they_pass_a_budget() {
    let piece = crate::model::ToolPiece {
        arguments: "seven words of text are in here. ".repeat(10),
        ..crate::model::ToolPiece::default()
    };
    let pieces = (0..400)
        .flat_map(|_| [Step::Say(ProviderEvent::ToolPiece(piece.clone())), Step::Sleep(10)]);
    let script = [opening(), pieces.collect(), ending()].concat();
    let budget = BudgetSettings { day: Some(0.01), ..BudgetSettings::default() };
    let counter = counter(vec![script], CacheSettings::default(), budget);
    let mut spec = call(VariantName::A, "scripted");
    spec.messages = Vec::new();
    let record = counter.one(spec).await;
    assert_eq!((record.status, record.error_kind()), (Status::Blocked, Some(ErrorKind::Budget)));
    assert!(record.tool_calls[0].arguments_raw.len() > 8_000, "more was set aside once");
    let spent = counter.store.spend_since(Timestamp::UNIX_EPOCH).await.expect("summed");
    assert!(spent > 0.003 && spent <= 0.01, "{spent}");
}

/// A provider whose model thinks without showing it, and writes so many tokens at most.
struct Thinker(Arc<Scripted>, u64);

#[async_trait]
impl Providers for Thinker {
    async fn provider(&self, _: &str) -> Result<Arc<dyn Provider>, CallError> {
        Ok(Arc::clone(&self.0) as Arc<dyn Provider>)
    }

    fn answers(&self, _: &ModelRef, _: &GenerationParameters) -> AnswerFacts {
        AnswerFacts { most_tokens: Some(self.1), thinks_unseen: true }
    }

    fn price(&self, model: &ModelRef, usage: &Usage) -> Option<Price> {
        Known(Vec::new()).price(model, usage)
    }
}

/// All that the model may write is set aside, and a server that writes more is stopped.
#[tokio::test(start_paused = true)]
async fn what_is_thought_unseen_is_set_aside_and_no_more_comes_than_that() {
    // 4,000 tokens cost 0.8 cents.
    for (day, sent) in [(0.007, false), (0.012, true)] {
        let store = store();
        let scripted = Scripted::new("scripted", vec![pouring(400)]);
        let budget = BudgetSettings { day: Some(day), ..BudgetSettings::default() };
        let engine = Engine::new(EngineParts {
            providers: Arc::new(Thinker(Arc::clone(&scripted), 4_000)),
            recorder: Arc::new(store.clone()),
            money: Money { ledger: Arc::new(store.clone()), budget, zone: || TimeZone::UTC },
            ..parts(vec![scripted], &Arc::new(Memory::default()))
        });
        let mut spec = call(VariantName::A, "scripted");
        spec.messages = Vec::new();
        let record = ended(&engine, spec).await;
        assert_eq!((record.status, record.text.is_empty()), (Status::Blocked, !sent), "{day}");
        assert!(!sent || record.text.len() > 8_000, "{}", record.text.len());
        let spent = store.spend_since(Timestamp::UNIX_EPOCH).await.expect("summed");
        assert!(spent <= day, "{spent}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_limit_goes_on_where_a_budget_allows_it() {
    let budget = BudgetSettings { day: Some(5.0), ..BudgetSettings::default() };
    let counter = counter(vec![pouring(400)], CacheSettings::default(), budget);
    let record = counter.one(call(VariantName::A, "scripted")).await;
    assert_eq!((record.status, record.text.len()), (Status::Ok, 400 * 330));
}

#[tokio::test(start_paused = true)]
async fn tools_and_forms_are_part_of_what_is_read() {
    let counter = counter(Vec::new(), CacheSettings::default(), BudgetSettings::default());
    let plain = counter.estimate(&dear()).await;
    let mut with = dear();
    let tool = serde_json::json!([{
        "name": "find_order",
        "description": "Finds an order by its number, and says when it was sent and where it is.",
        "parameters": {"type": "object", "properties": {"number": {"type": "string"}}},
    }]);
    with.parameters.set(Parameter::Tools, &tool).expect("a tool");
    let tools = counter.estimate(&with).await;
    assert!(tools.input.tokens >= plain.input.tokens + 30, "{tools:?}");
    assert!(!tools.input.exact && tools.most_usd > plain.most_usd);
    let form = serde_json::json!({"type": "object", "required": ["a", "b", "c", "d", "e"]});
    let mut with = dear();
    with.parameters.response_format = Some(crate::model::ResponseFormat::Schema(form));
    let form = counter.estimate(&with).await;
    assert!(form.input.tokens >= plain.input.tokens + 10, "{form:?}");
}

/// Knows of one model that it does not take `max_tokens`.
struct WithoutLimit(&'static str);

#[async_trait]
impl Capabilities for WithoutLimit {
    async fn dropped(&self, model: &ModelRef) -> Result<Vec<LearnedRefusal>, StoreError> {
        let refusal =
            LearnedRefusal { parameter: Parameter::MaxTokens, refused_at: Timestamp::UNIX_EPOCH };
        Ok(if model.model == self.0 { vec![refusal] } else { Vec::new() })
    }

    async fn leave_out(&self, _: &ModelRef, _: Parameter) -> Result<(), StoreError> {
        Ok(())
    }

    async fn refused(&self, _: &ModelRef, _: Parameter, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}

/// A limit that is not sent limits nothing.
#[tokio::test(start_paused = true)]
async fn what_is_set_aside_follows_what_is_sent_and_not_what_was_asked_for() {
    let mut spec = call(VariantName::A, "scripted");
    spec.messages = Vec::new();
    spec.parameters.max_tokens = Some(100);
    let left_out = CallSpec { without: vec![Parameter::MaxTokens], ..spec.clone() };
    for (refusing, spec) in [("m", spec.clone()), ("none", left_out)] {
        let store = store();
        let scripted = Scripted::new("scripted", vec![pouring(400)]);
        let budget = BudgetSettings { day: Some(0.01), ..BudgetSettings::default() };
        let engine = Engine::new(EngineParts {
            recorder: Arc::new(store.clone()),
            capabilities: Arc::new(WithoutLimit(refusing)),
            money: Money { ledger: Arc::new(store.clone()), budget, zone: || TimeZone::UTC },
            ..parts(vec![scripted], &Arc::new(Memory::default()))
        });
        let estimates = engine.estimates(std::slice::from_ref(&spec)).await;
        assert!(estimates[0].most_output_tokens > 100, "{estimates:?}");
        let spec = CallSpec { execution_id: ExecutionId(Uuid::now_v7()), ..spec };
        let record = ended(&engine, spec).await;
        assert_eq!(record.error_kind(), Some(ErrorKind::Budget), "{refusing}");
        let spent = store.spend_since(Timestamp::UNIX_EPOCH).await.expect("summed");
        assert!(spent <= 0.01, "{refusing}: {spent}");
    }
}

/// The limit goes to the model turned to, whatever the one before refused: so no more is set
/// aside for it.
#[tokio::test(start_paused = true)]
async fn what_one_model_refuses_is_set_aside_for_no_other() {
    let store = store();
    let failed = vec![Step::Fail(CallError::new(ErrorKind::Quota, "it is spent"))];
    let known = vec![Scripted::new("scripted", vec![failed, dollar_answer()])];
    let budget = BudgetSettings { day: Some(0.5), ..BudgetSettings::default() };
    let engine = Engine::new(EngineParts {
        recorder: Arc::new(store.clone()),
        capabilities: Arc::new(WithoutLimit("m")),
        money: Money { ledger: Arc::new(store.clone()), budget, zone: || TimeZone::UTC },
        ..parts(known, &Arc::new(Memory::default()))
    });
    let mut spec = dear();
    spec.messages = Vec::new();
    spec.fallback = vec![ModelRef::new("scripted", "n").into()];
    let record = ended(&engine, spec).await;
    assert_eq!(record.error_kind(), Some(ErrorKind::Budget), "a dollar is more than there is");
    assert_eq!(record.attempts.len(), 2);
    assert!(record.text.is_empty(), "it was not even asked");
}

/// Money set aside for a model that is asked no more is there for others.
#[tokio::test(start_paused = true)]
async fn turning_to_a_model_without_a_price_lets_go_of_what_was_set_aside() {
    let failed = vec![Step::Fail(CallError::new(ErrorKind::Quota, "it is spent"))];
    let long = answer(&[say("x"), Step::Hang]);
    let (engine, store) = two_with_budget(1.5, vec![failed, dollar_answer()], vec![long]);
    let mut spec = dear();
    spec.fallback = vec![ModelRef::new("other", "unpriced").into()];
    let mut handle = engine.start(run(vec![spec]));
    while let Some(event) = handle.next().await {
        if matches!(event.kind, RunEventKind::Delta { .. }) {
            break;
        }
    }
    let record = ended(&engine, dear()).await;
    assert_eq!((record.status, record.error), (Status::Ok, None));
    drop(handle);
    engine.idle().await;
    assert!(store.spend_since(Timestamp::UNIX_EPOCH).await.expect("summed") < 1.5);
}
