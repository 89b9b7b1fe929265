//! Answers that were given before.

use pretty_assertions::assert_eq;

use crate::{
    model::CacheState,
    store::{HistoryQuery, RollupQuery},
};

use super::*;

#[tokio::test(start_paused = true)]
async fn the_same_call_is_answered_again_and_says_so() {
    let scripts = vec![answer(&[say("first")]), answer(&[say("second")])];
    let counter = counter(scripts, exact(), BudgetSettings::default());
    let first = counter.one(steady()).await;
    assert_eq!((first.cache, first.text.as_str()), (CacheState::Miss, "first"));
    assert!(first.cost_usd > Some(1.0), "{:?}", first.cost_usd);

    let mut handle = counter.engine.start(run(vec![steady()]));
    let events = all(&mut handle).await;
    assert_eq!(words(&events), ["queued", "delta first|| 0", "finished ok"]);
    let id = events[0].execution_id;
    let again = counter.store.get(id).await.expect("read").expect("recorded");
    assert_eq!((again.cache, again.text.as_str()), (CacheState::Exact, "first"));
    assert_eq!((again.cost_usd, again.usage), (Some(0.0), Usage::default()));
    let reused = again.reused.expect("it says where from");
    assert_eq!((reused.execution, reused.saved_usd), (first.id, first.cost_usd));
    assert_eq!(reused.saved_usage, first.usage);
    assert!((reused.similarity - 1.0).abs() < f64::EPSILON);
    assert_eq!(counter.left(), 1, "nothing was sent");
    let page = counter.store.history(HistoryQuery::default()).await.expect("listed");
    let marks: Vec<_> = page.rows.iter().map(|row| row.cache).collect();
    assert_eq!(marks, [CacheState::Exact, CacheState::Miss]);
}

#[tokio::test(start_paused = true)]
async fn answers_given_again_are_no_figure_of_speed() {
    let scripts = vec![answer(&[say("x")])];
    let counter = counter(scripts, exact(), BudgetSettings::default());
    for _ in 0..4 {
        counter.one(steady()).await;
    }
    let rows = counter.store.rollups(RollupQuery::default()).await.expect("summed");
    let sum = &rows[0].rollup;
    assert_eq!((sum.runs, sum.cache_hits, sum.cache_misses), (4, 3, 1));
    assert_eq!((sum.total.count(), sum.ttft.count(), sum.counted_runs), (1, 1, 1));
    assert_eq!(sum.hit_rate(), Some(0.75));
    assert!((sum.saved_usd() - 3.0 * 1.00004).abs() < 1e-6, "{}", sum.saved_usd());
    assert!((sum.cost_usd().expect("known") - 1.00004).abs() < 1e-6);
}

#[tokio::test(start_paused = true)]
async fn every_part_of_a_call_makes_it_another() {
    let scripts = (0..9).map(|number| answer(&[say(&number.to_string())])).collect();
    let counter = counter(scripts, exact(), BudgetSettings::default());
    counter.one(steady()).await;
    let changes: [fn(&mut CallSpec); 8] = [
        |spec| spec.model.model.push('x'),
        |spec| spec.messages[0].content.push('.'),
        |spec| spec.messages[0].role = Role::System,
        |spec| spec.parameters.max_tokens = Some(5),
        |spec| spec.parameters.stop.push("#".to_owned()),
        |spec| spec.parameters.response_format = Some(crate::model::ResponseFormat::Json),
        |spec| {
            let tool = serde_json::json!([{"name": "now", "parameters": {"type": "object"}}]);
            spec.parameters.set(Parameter::Tools, &tool).expect("a tool");
        },
        |spec| spec.without = vec![Parameter::Temperature],
    ];
    for change in changes {
        let mut spec = steady();
        change(&mut spec);
        assert_eq!(counter.one(spec).await.cache, CacheState::Miss);
    }
    // Who asks, from where and under which tags changes nothing of the answer.
    let mut spec = steady();
    spec.tags.insert("case".to_owned(), "1".to_owned());
    spec.stream = false;
    assert_eq!(counter.one(spec).await.cache, CacheState::Exact);
}

/// Guards change what is sent, though not what it is made from: an answer to a prompt without
/// them is none to the prompt with them.
#[tokio::test(start_paused = true)]
async fn what_guards_put_around_a_call_makes_it_another() {
    use crate::model::{GuardAction, Guards, Untrusted};
    for mode in [CacheMode::Exact, CacheMode::Similar] {
        let scripts = (0..6).map(|number| answer(&[say(&number.to_string())])).collect();
        let settings = CacheSettings { mode, ..CacheSettings::default() };
        let counter = counter(scripts, settings, BudgetSettings::default());
        let changes: [fn(&mut Guards); 5] = [
            |_| {},
            |guards| guards.sanitise = true,
            |guards| guards.delimiters = true,
            |guards| guards.hierarchy = GuardAction::Warn,
            |guards| guards.canary = GuardAction::Warn,
        ];
        let guarded = |change: fn(&mut Guards)| {
            let mut spec = steady();
            change(&mut spec.safeguards.guards);
            spec.safeguards.untrusted =
                vec![Untrusted { message: 0, range: 0..1, variable: "text".into() }];
            spec
        };
        for change in changes {
            assert_eq!(counter.one(guarded(change)).await.cache, CacheState::Miss);
            assert_eq!(counter.one(guarded(change)).await.cache, CacheState::Exact);
        }
        // What only looks changes nothing of what is sent.
        let looks: fn(&mut Guards) = |guards| guards.injection = GuardAction::Block;
        assert_eq!(counter.one(guarded(looks)).await.cache, CacheState::Exact);
        // Other places of values are fenced otherwise.
        let mut moved = guarded(|guards| guards.delimiters = true);
        moved.safeguards.untrusted[0].range = 0..2;
        assert_ne!(counter.one(moved).await.cache, CacheState::Exact);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_left_out_of_a_call_is_no_part_of_it() {
    let scripts = vec![answer(&[say("in JSON")]), answer(&[say("in words")])];
    let counter = counter(scripts, exact(), BudgetSettings::default());
    let mut format = steady();
    format.parameters.response_format = Some(crate::model::ResponseFormat::Json);
    counter.one(format.clone()).await;
    let without = CallSpec { without: vec![Parameter::ResponseFormat], ..format.clone() };
    let first = counter.one(without.clone()).await;
    assert_eq!((first.cache, first.text.as_str()), (CacheState::Miss, "in words"));
    for (spec, text) in [(without, "in words"), (steady(), "in words"), (format, "in JSON")] {
        let again = counter.one(spec).await;
        assert_eq!((again.cache, again.text.as_str()), (CacheState::Exact, text));
    }
}

/// A provider of a name that is asked at an address.
struct At(Arc<Scripted>, &'static str);

#[async_trait]
impl Providers for At {
    async fn provider(&self, _: &str) -> Result<Arc<dyn Provider>, CallError> {
        Ok(Arc::clone(&self.0) as Arc<dyn Provider>)
    }

    fn address(&self, _: &str) -> String {
        self.1.to_owned()
    }

    fn price(&self, _: &ModelRef, _: &Usage) -> Option<Price> {
        None
    }
}

/// A name that leads elsewhere since then is another one's answers, also where nearly the same
/// prompt would do.
#[tokio::test(start_paused = true)]
async fn another_server_of_the_same_name_is_asked_anew() {
    for mode in [CacheMode::Exact, CacheMode::Similar] {
        let store = store();
        let ask = async |address, text: &str| {
            let scripted = Scripted::new("scripted", vec![answer(&[say(text)])]);
            let engine = Engine::new(EngineParts {
                providers: Arc::new(At(Arc::clone(&scripted), address)),
                recorder: Arc::new(store.clone()),
                answers: Arc::new(store.clone()),
                cache: CacheSettings { mode, ..CacheSettings::default() },
                ..parts(vec![scripted], &Arc::new(Memory::default()))
            });
            ended(&engine, steady()).await
        };
        let first = ask("http://one", "of one").await;
        assert_eq!((first.cache, first.text.as_str()), (CacheState::Miss, "of one"));
        let other = ask("http://other", "of the other").await;
        assert_eq!((other.cache, other.text.as_str()), (CacheState::Miss, "of the other"));
        let again = ask("http://one", "").await;
        assert_eq!((again.cache, again.text.as_str()), (CacheState::Exact, "of one"));
    }
}

#[tokio::test(start_paused = true)]
async fn repeats_stay_repeats() {
    let scripts = (0..3).map(|number| answer(&[say(&number.to_string())])).collect();
    let counter = counter(scripts, exact(), BudgetSettings::default());
    let repeats = || vec![steady(), steady(), steady()];
    let mut texts: Vec<_> =
        counter.run(repeats()).await.into_iter().map(|record| record.text).collect();
    texts.sort();
    assert_eq!(texts, ["0", "1", "2"]);
    let again = counter.run(repeats()).await;
    assert!(again.iter().all(|record| record.cache == CacheState::Exact));
    let mut texts: Vec<_> = again.into_iter().map(|record| record.text).collect();
    texts.sort();
    assert_eq!(texts, ["0", "1", "2"], "each repeat gets its own answer again");
    let estimates = counter.engine.estimates(&[repeats(), repeats()].concat()).await;
    let cached: Vec<_> = estimates.into_iter().map(|estimate| estimate.cached).collect();
    assert_eq!(cached, [true, true, true, false, false, false]);
}

#[tokio::test(start_paused = true)]
async fn settings_hold_for_temperature_zero_and_asking_for_any() {
    let scripts = (0..9).map(|_| answer(&[say("x")])).collect();
    let counter = counter(scripts, exact(), BudgetSettings::default());
    let at = |temperature, cache| {
        let mut spec = steady();
        spec.parameters.temperature = temperature;
        spec.cache = cache;
        counter.one(spec)
    };
    for temperature in [Some(0.7), None] {
        assert_eq!(at(temperature, CacheUse::Settings).await.cache, CacheState::Off);
        let asked = CacheUse::Asked(CacheMode::Exact);
        assert_eq!(at(temperature, asked).await.cache, CacheState::Miss);
        assert_eq!(at(temperature, asked).await.cache, CacheState::Exact);
    }
    assert_eq!(at(Some(0.0), CacheUse::Settings).await.cache, CacheState::Miss);
    let past = CacheUse::Asked(CacheMode::Off);
    assert_eq!(at(Some(0.0), past).await.cache, CacheState::Off, "runs past it");
    let off = counter_over(
        counter.store.clone(),
        vec![answer(&[say("x")])],
        CacheSettings::default(),
        BudgetSettings::default(),
    );
    assert_eq!(off.one(steady()).await.cache, CacheState::Off);
}

#[tokio::test(start_paused = true)]
async fn only_whole_answers_are_kept() {
    let cut = |reason| {
        let finish = ProviderEvent::Finish { reason, raw: String::new() };
        [opening(), vec![say("part"), Step::Say(finish)]].concat()
    };
    let broken = CallError::new(ErrorKind::InterruptedStream, "gone");
    let scripts = vec![
        cut(FinishReason::Length),
        cut(FinishReason::ContentFilter),
        [opening(), vec![say("part"), Step::Fail(broken)]].concat(),
        vec![Step::Fail(CallError::new(ErrorKind::Authentication, "no"))],
        answer(&[say("whole")]),
    ];
    let counter = counter(scripts, exact(), BudgetSettings::default());
    for _ in 0..5 {
        assert_eq!(counter.one(steady()).await.cache, CacheState::Miss);
    }
    assert_eq!(counter.one(steady()).await.text, "whole");
    assert_eq!(counter.store.cache_stats().await.expect("read").entries, 1);
}

#[tokio::test(start_paused = true)]
async fn nearly_the_same_prompt_shares_an_answer_where_that_is_asked_for() {
    let scripts = (0..4).map(|number| answer(&[say(&number.to_string())])).collect();
    let similar = CacheSettings { mode: CacheMode::Similar, ..CacheSettings::default() };
    let counter = counter(scripts, similar, BudgetSettings::default());
    let ask = |text: &str| {
        let mut spec = steady();
        spec.messages[0].content = text.to_owned();
        counter.one(spec)
    };
    let first = ask("Summarise the meeting of the platform team about the release").await;
    let near = ask("Summarise the meeting of the platform team about the  Release.").await;
    assert_eq!((near.cache, near.text.as_str()), (CacheState::Similar, "0"));
    let reused = near.reused.expect("it says where from");
    assert!(reused.similarity > 0.95 && reused.similarity < 1.0, "{}", reused.similarity);
    assert_eq!(reused.execution, first.id);
    let row = &counter.store.history(HistoryQuery::default()).await.expect("listed").rows[0];
    assert_eq!((row.cache, row.similarity), (CacheState::Similar, Some(reused.similarity)));
    let other = ask("Translate the minutes of the sales team into French").await;
    assert_eq!((other.cache, other.text.as_str()), (CacheState::Miss, "1"));
    let mut hotter = steady();
    hotter.messages[0].content =
        "Summarise the meeting of the platform team about the release!".to_owned();
    hotter.parameters.max_tokens = Some(9);
    assert_eq!(counter.one(hotter).await.cache, CacheState::Miss, "other parameters");
}
