//! What a run will cost, and answers that are given again.

use promptlathe::{
    model::{CacheState, Execution, ExecutionId, Reused, Spend, Usage, VariantName as V},
    tui::{
        keymap::Action,
        msg::{CallEvent, Severity},
    },
};
use uuid::Uuid;

use crate::{
    SIZES, picture,
    stage::Stage,
    world::{NOW, World},
};

fn reused(similarity: f64) -> Reused {
    Reused {
        execution: ExecutionId(Uuid::from_u128(7)),
        answered_at: NOW,
        similarity,
        saved_usage: Usage { input_tokens: Some(118), output_tokens: Some(2), ..Usage::default() },
        saved_usd: Some(0.0012),
    }
}

fn given_again(execution: &mut Execution, cache: CacheState, similarity: f64) {
    execution.cache = cache;
    execution.reused = Some(reused(similarity));
    execution.usage = Usage::default();
    execution.cost_usd = Some(0.0);
    execution.timing.ttft_ms = None;
    execution.timing.tokens_per_second = None;
}

#[test]
fn an_answer_given_again_says_so_in_its_live_line() {
    picture("cached", &[SIZES[0], SIZES[1]], |size| {
        let mut stage = Stage::new(size, World::plain());
        stage.press("f m").typed("careful").press("enter");
        stage.act(Action::ToggleCache);
        stage.press("R");
        for (variant, cache, similarity) in
            [(V::A, CacheState::Exact, 1.0), (V::B, CacheState::Similar, 0.978)]
        {
            stage.call(variant, CallEvent::Queued).text(variant, "negative");
            stage.ended(variant, "negative", |record| given_again(record, cache, similarity));
        }
        stage.notice(Severity::Information, "Both were answered before", None);
        stage
    });
}

#[test]
fn the_record_says_whose_answer_it_is_and_what_was_spared() {
    let mut world = World::plain();
    given_again(&mut world.execution, CacheState::Similar, 0.978);
    world.history[0].cache = CacheState::Similar;
    world.history[1].cache = CacheState::Exact;
    picture("detail_cached", &[SIZES[0], SIZES[1]], |size| {
        let mut stage = Stage::new(size, world.clone());
        stage.press("2 enter");
        stage
    });
}

#[test]
fn the_record_says_what_each_part_cost() {
    let mut world = World::plain();
    world.execution.spend = Some(Spend {
        retry: 0.0007,
        input: 0.0021,
        cached_input: 0.0004,
        cache_write: 0.0,
        visible: 0.0035,
        reasoning: 0.012,
    });
    world.execution.cost_usd = world.execution.spend.map(|spend| spend.total());
    picture("detail_spend", &[SIZES[0]], |size| {
        let mut stage = Stage::new(size, world.clone());
        stage.press("2 enter");
        stage
    });
}
