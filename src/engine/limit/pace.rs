//! How many of something a minute a server stands, found out where nobody says it: halved when
//! the server says that it is too much, a little more with every success after that.

use std::time::Duration;

use tokio::time::Instant;

/// Successes after which half of what was refused is made up for.
const STEPS: f64 = 32.0;
/// The slowest pace: one in eight seconds, the longest wait of our own anywhere.
const LEAST: f64 = 7.5;
/// How much is left with every further refusal of what was refused first: it may have been a
/// passing trouble, after which the pace should grow as fast as it fell, or far too much.
const DOUBT: f64 = 0.75;
/// A pace that has grown to so many times what was refused says nothing any more.
const FORGOTTEN: f64 = 2.0;
/// What is left unused of this long may go at once.
const SLACK: Duration = Duration::from_secs(1);
/// How far back it is remembered what was sent, in seconds.
const BACK: usize = 60;

/// Additive increase, multiplicative decrease of a rate; nothing is held back before the first
/// refusal.
#[derive(Debug)]
pub(super) struct Pace {
    sent: Recent,
    /// A minute, as the server says.
    ceiling: Option<f64>,
    working: Option<Working>,
}

/// A pace that is kept since a refusal.
#[derive(Clone, Copy, Debug)]
struct Working {
    /// A minute.
    rate: f64,
    /// What the server is thought to refuse, a minute: what the pace grows by is a part of it.
    refused: f64,
    lowered_at: Instant,
    /// When the next one may go.
    next: Instant,
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self { sent: Recent::new(now), ceiling: None, working: None }
    }

    /// Whether anything is held back.
    pub const fn is_kept(&self) -> bool {
        self.working.is_some()
    }

    /// The server says how many a minute it allows.
    pub const fn know(&mut self, ceiling: f64) {
        self.ceiling = Some(ceiling);
    }

    /// When the next one may go; `None` for now.
    pub fn not_before(&self, now: Instant) -> Option<Instant> {
        self.working.map(|working| working.next).filter(|&next| next > now)
    }

    /// So much goes now.
    pub fn enter(&mut self, now: Instant, amount: u64) {
        self.sent.add(now, amount);
        if let Some(working) = &mut self.working {
            let earliest = now.checked_sub(SLACK).unwrap_or(now);
            working.next = working.next.max(earliest) + working.takes(amount);
        }
    }

    /// What went was more by so much than was thought.
    pub fn correct(&mut self, now: Instant, more: u64) {
        self.sent.add(now, more);
        if let Some(working) = &mut self.working {
            working.next += working.takes(more);
        }
    }

    /// A call sent at a time succeeded.
    pub fn went_well(&mut self, sent: Instant) {
        let Some(working) = self.working.as_mut().filter(|working| sent >= working.lowered_at)
        else {
            return;
        };
        working.rate += working.refused / 2.0 / STEPS;
        let enough = self.ceiling.unwrap_or((working.refused * FORGOTTEN).max(2.0 * LEAST));
        if working.rate >= enough {
            self.working = None;
        }
    }

    /// The server turned away a call sent at `sent`. Of calls that were under way together only
    /// the first counts: they all speak of the same moment.
    pub fn was_too_much(&mut self, sent: Instant, now: Instant) {
        if self.working.is_some_and(|working| sent <= working.lowered_at) {
            return;
        }
        let observed = self.sent.a_minute(now);
        if observed <= 0.0 {
            return;
        }
        let known = [self.ceiling, self.working.map(|working| working.rate)];
        let gone = known.into_iter().flatten().fold(observed, f64::min);
        let refused = self.working.map_or(gone, |working| gone.max(working.refused * DOUBT));
        let next = self.working.map_or(now, |working| working.next);
        let rate = (gone / 2.0).max(LEAST);
        self.working = Some(Working { rate, refused, lowered_at: now, next });
    }
}

impl Working {
    /// How long this much takes at this pace.
    #[expect(clippy::cast_precision_loss, reason = "counts of a minute, far below 2^52")]
    fn takes(&self, amount: u64) -> Duration {
        let seconds = amount as f64 * 60.0 / self.rate;
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(Duration::from_mins(1))
    }
}

/// What was sent in the last minute, by seconds.
#[derive(Debug)]
struct Recent {
    origin: Instant,
    seconds: [u64; BACK],
    /// The second that was added to last, and the first one ever, counted from the origin.
    last: u64,
    first: Option<u64>,
}

impl Recent {
    const fn new(origin: Instant) -> Self {
        Self { origin, seconds: [0; BACK], last: 0, first: None }
    }

    fn add(&mut self, now: Instant, amount: u64) {
        let second = self.advance(now);
        self.first.get_or_insert(second);
        if let Some(of) = self.seconds.get_mut(place(second)) {
            *of = of.saturating_add(amount);
        }
    }

    /// Forgets what is more than a minute ago.
    fn advance(&mut self, now: Instant) -> u64 {
        let second = now.saturating_duration_since(self.origin).as_secs();
        for passed in (self.last + 1..=second).rev().take(BACK) {
            if let Some(of) = self.seconds.get_mut(place(passed)) {
                *of = 0;
            }
        }
        self.last = self.last.max(second);
        self.last
    }

    /// How much that is a minute: over the time in which anything was sent, and one second at
    /// the least.
    #[expect(clippy::cast_precision_loss, reason = "counts of a minute, far below 2^52")]
    fn a_minute(&mut self, now: Instant) -> f64 {
        let last = self.advance(now);
        let Some(first) = self.first else { return 0.0 };
        let sum = self.seconds.iter().copied().fold(0, u64::saturating_add);
        let over = (last - first + 1).clamp(1, BACK as u64);
        sum as f64 * 60.0 / over as f64
    }
}

/// Where a second stands in the ring.
fn place(second: u64) -> usize {
    usize::try_from(second % BACK as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(origin: Instant, ms: u64) -> Instant {
        origin + Duration::from_millis(ms)
    }

    /// Sends ten a second for two seconds.
    fn busy(origin: Instant) -> Pace {
        let mut pace = Pace::new(origin);
        for number in 0..20 {
            pace.enter(at(origin, number * 100), 1);
        }
        pace
    }

    /// Sends twenty, each as soon as it may go, and says how long each waited, and until when.
    fn twenty(pace: &mut Pace, mut now: Instant) -> (Instant, Vec<u128>) {
        let mut gaps = Vec::new();
        for _ in 0..20 {
            let next = pace.not_before(now).unwrap_or(now);
            gaps.push((next - now).as_millis());
            now = next;
            pace.enter(now, 1);
        }
        (now, gaps)
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_held_back_before_a_refusal() {
        let origin = Instant::now();
        let pace = busy(origin);
        assert!(!pace.is_kept());
        assert_eq!(pace.not_before(at(origin, 2_000)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_halves_what_was_sent_and_successes_add_to_it() {
        let origin = Instant::now();
        let mut pace = busy(origin);
        pace.was_too_much(at(origin, 1_900), at(origin, 1_999));
        // Six hundred a minute were refused; three hundred go, one every 200 ms.
        let (now, gaps) = twenty(&mut pace, at(origin, 1_999));
        assert_eq!((gaps[0], &gaps[1..]), (0, &[200; 19][..]));
        let (now, gaps) = twenty(&mut pace, now + Duration::from_secs(10));
        assert_eq!(gaps[..6], [0; 6], "what a second left unused goes at once");
        assert_eq!(gaps[6..], [200; 14]);
        for _ in 0..16 {
            pace.went_well(now);
        }
        let next = pace.not_before(now).expect("held");
        pace.enter(next, 1);
        let gap = pace.not_before(next).expect("held") - next;
        assert_eq!(gap.as_micros(), 133_333, "450 a minute");
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_of_one_moment_count_once() {
        let origin = Instant::now();
        let mut pace = busy(origin);
        for _ in 0..8 {
            pace.was_too_much(at(origin, 1_900), at(origin, 1_999));
        }
        let rate = |pace: &Pace| pace.working.expect("kept").rate;
        assert!((rate(&pace) - 300.0).abs() < 1e-9);
        pace.went_well(at(origin, 1_900));
        assert!((rate(&pace) - 300.0).abs() < 1e-9, "it was sent before");
        pace.was_too_much(at(origin, 2_500), at(origin, 2_600));
        assert!((rate(&pace) - 150.0).abs() < 1e-9);
        for _ in 0..99 {
            let now = at(origin, 3_000);
            pace.was_too_much(now + Duration::from_secs(1), now);
        }
        assert!(rate(&pace) >= LEAST);
    }

    /// After a trouble that passed it takes some dozens of successes, not hundreds.
    #[tokio::test(start_paused = true)]
    async fn it_comes_back_from_the_slowest_pace() {
        let origin = Instant::now();
        let mut pace = busy(origin);
        let mut now = at(origin, 2_000);
        for _ in 0..8 {
            pace.was_too_much(now, now + Duration::from_millis(1));
            now += Duration::from_secs(1);
        }
        let rate = |pace: &Pace| pace.working.map_or(f64::MAX, |working| working.rate);
        assert!((rate(&pace) - LEAST).abs() < 1e-9);
        for _ in 0..64 {
            pace.went_well(now);
        }
        assert!(rate(&pace) > 60.0, "{}", rate(&pace));
    }

    #[tokio::test(start_paused = true)]
    async fn it_grows_up_to_what_the_server_says_or_is_forgotten() {
        let origin = Instant::now();
        let after = at(origin, 5_000);
        for (ceiling, successes) in [(Some(450.0), 16), (None, 96)] {
            let mut pace = busy(origin);
            if let Some(ceiling) = ceiling {
                pace.know(ceiling);
                pace.was_too_much(at(origin, 1_900), at(origin, 1_999));
                // The server's own figure is what is halved.
                assert!((pace.working.expect("kept").rate - 225.0).abs() < 1e-9);
            } else {
                pace.was_too_much(at(origin, 1_900), at(origin, 1_999));
            }
            let mut needed = 0;
            while pace.is_kept() {
                pace.went_well(after);
                needed += 1;
            }
            let expected = if ceiling.is_some() { 32 } else { successes };
            assert_eq!(needed, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_more_than_a_minute_ago_counts_no_more() {
        let origin = Instant::now();
        let mut recent = Recent::new(origin);
        recent.add(origin, 60);
        recent.add(at(origin, 30_000), 30);
        assert!((recent.a_minute(at(origin, 59_000)) - 90.0).abs() < 1e-9);
        assert!((recent.a_minute(at(origin, 60_000)) - 30.0).abs() < 1e-9);
        assert!(recent.a_minute(at(origin, 600_000)).abs() < 1e-9);
        assert!(Recent::new(origin).a_minute(origin).abs() < 1e-9);
    }
}
