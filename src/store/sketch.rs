//! A small summary of many durations that can be merged, and still tells quantiles.

/// Values below this have a bucket each.
const EXACT: u64 = 64;
/// Above it, each doubling has this many buckets, so that a bucket is at most 1/32 wide.
const PER_DOUBLING_BITS: u32 = 5;
/// The largest value told apart, about 24 days in milliseconds; larger ones count as it.
const LARGEST: u64 = (1 << 31) - 1;

/// A histogram of whole milliseconds with logarithmic buckets.
///
/// Values below 64 are exact; above, a value is known to within 1/64 of itself. Buckets are
/// fixed, so sketches add and subtract exactly in any order. The layout is that of a log-linear
/// histogram (as in HDR Histogram): the exponent and the five bits after the leading one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LatencySketch {
    /// Bucket and count, sorted by bucket, without zero counts. Counts are negative only in the
    /// difference that a deletion makes.
    buckets: Vec<(u16, i64)>,
}

impl LatencySketch {
    /// Adds one value in milliseconds.
    pub fn push(&mut self, milliseconds: u64) {
        self.add(bucket_of(milliseconds), 1);
    }

    /// How many values there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        u64::try_from(self.buckets.iter().map(|&(_, count)| count).sum::<i64>()).unwrap_or(0)
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count() == 0
    }

    /// Adds every value of another sketch.
    pub fn merge(&mut self, other: &Self) {
        self.combine(other.buckets.iter().copied(), 1);
    }

    /// Takes away every value of another sketch.
    pub(super) fn subtract(&mut self, other: &Self) {
        self.combine(other.buckets.iter().copied(), -1);
    }

    /// The value below which the given share of all values lies, in milliseconds: the middle of
    /// the bucket of the value of rank `⌈share · count⌉`. `None` without values, and for a share
    /// that is no number.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "a rank lies between 0 and the count")]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    #[expect(clippy::cast_sign_loss, reason = "a rank lies between 0 and the count")]
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let count = self.count();
        if count == 0 || share.is_nan() {
            return None;
        }
        let rank = ((share.clamp(0.0, 1.0) * count as f64).ceil() as u64).max(1);
        let mut seen = 0;
        for &(bucket, count) in &self.buckets {
            seen += u64::try_from(count).unwrap_or(0);
            if seen >= rank {
                let (low, high) = bounds(bucket);
                return Some(f64::midpoint(low as f64, high as f64));
            }
        }
        None
    }

    /// The mean in milliseconds, each value taken as the middle of its bucket.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn mean(&self) -> Option<f64> {
        let count = self.count();
        let sum: f64 = self
            .iter()
            .map(|(low, high, count)| f64::midpoint(low as f64, high as f64) * count as f64)
            .sum();
        (count > 0).then(|| sum / count as f64)
    }

    /// The buckets that hold something: smallest value, largest value, how many.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64, u64)> + '_ {
        self.buckets.iter().map(|&(bucket, count)| {
            let (low, high) = bounds(bucket);
            (low, high, u64::try_from(count).unwrap_or(0))
        })
    }

    /// The stored form: per bucket two varints (LEB128), the distance from the bucket before and
    /// the count.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.buckets.len() * 2);
        let mut last = 0;
        for &(bucket, count) in &self.buckets {
            put_varint(&mut bytes, u64::from(bucket - last));
            put_varint(&mut bytes, u64::try_from(count).unwrap_or(0));
            last = bucket;
        }
        bytes
    }

    /// Adds every value of a sketch in its stored form; what does not decode ends it there.
    pub(super) fn merge_bytes(&mut self, bytes: &[u8]) {
        self.combine(decode(bytes), 1);
    }

    fn add(&mut self, bucket: u16, count: i64) {
        match self.buckets.binary_search_by_key(&bucket, |&(bucket, _)| bucket) {
            Ok(index) => {
                let emptied = self.buckets.get_mut(index).is_some_and(|entry| {
                    entry.1 += count;
                    entry.1 == 0
                });
                if emptied {
                    self.buckets.remove(index);
                }
            }
            Err(index) => self.buckets.insert(index, (bucket, count)),
        }
    }

    /// Adds `sign` times another's sorted buckets, in one pass over both.
    fn combine(&mut self, other: impl Iterator<Item = (u16, i64)>, sign: i64) {
        let mut mine = std::mem::take(&mut self.buckets).into_iter().peekable();
        let mut other = other.peekable();
        loop {
            let next = match (mine.peek(), other.peek()) {
                (Some(&(a, _)), Some(&(b, _))) if a == b => {
                    let (_, added) = other.next().unwrap_or_default();
                    mine.next().map(|(bucket, count)| (bucket, count + sign * added))
                }
                (Some(&(a, _)), Some(&(b, _))) if a < b => mine.next(),
                (Some(_), None) => mine.next(),
                (_, Some(_)) => other.next().map(|(bucket, count)| (bucket, sign * count)),
                (None, None) => break,
            };
            self.buckets.extend(next.filter(|&(_, count)| count != 0));
        }
    }
}

/// Many stored sketches being added up. It has a place for every bucket, so that the few values of
/// each need not be looked for among those of all.
#[derive(Debug, Default)]
pub(super) struct SketchSum {
    /// Counts by bucket, up to the largest that there was.
    counts: Vec<i64>,
}

impl SketchSum {
    /// As [`LatencySketch::merge_bytes`].
    pub(super) fn merge_bytes(&mut self, bytes: &[u8]) {
        for (bucket, count) in decode(bytes) {
            let bucket = usize::from(bucket);
            if bucket >= self.counts.len() {
                self.counts.resize(bucket + 1, 0);
            }
            self.counts[bucket] = self.counts[bucket].saturating_add(count);
        }
    }

    pub(super) fn finish(self) -> LatencySketch {
        let buckets = (0..).zip(self.counts).filter(|&(_, count)| count != 0).collect();
        LatencySketch { buckets }
    }
}

/// The buckets of the stored form and how many values each has, up to what does not decode.
fn decode(bytes: &[u8]) -> impl Iterator<Item = (u16, i64)> {
    let mut rest = bytes;
    let mut bucket = 0_u16;
    std::iter::from_fn(move || {
        let gap = u16::try_from(take_varint(&mut rest)?).ok()?;
        bucket = bucket.checked_add(gap).filter(|&bucket| bucket <= bucket_of(LARGEST))?;
        Some((bucket, i64::try_from(take_varint(&mut rest)?).ok()?))
    })
}

fn bucket_of(value: u64) -> u16 {
    let value = value.min(LARGEST);
    if value < EXACT {
        return u16::try_from(value).unwrap_or(0);
    }
    let exponent = value.ilog2() - EXACT.ilog2();
    let within = (value >> (exponent + 1)) - (EXACT >> 1);
    let bucket = EXACT + (u64::from(exponent) << PER_DOUBLING_BITS) + within;
    u16::try_from(bucket).unwrap_or(u16::MAX)
}

/// The smallest and the largest value of a bucket.
fn bounds(bucket: u16) -> (u64, u64) {
    let bucket = u64::from(bucket);
    if bucket < EXACT {
        return (bucket, bucket);
    }
    let exponent = (bucket - EXACT) >> PER_DOUBLING_BITS;
    let within = (bucket - EXACT) & ((1 << PER_DOUBLING_BITS) - 1);
    let low = (within + (EXACT >> 1)) << (exponent + 1);
    (low, low + (1 << (exponent + 1)) - 1)
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push((value & 0x7f) as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sketch(values: &[u64]) -> LatencySketch {
        let mut sketch = LatencySketch::default();
        for &value in values {
            sketch.push(value);
        }
        sketch
    }

    #[test]
    fn buckets_follow_one_another_without_a_gap() {
        let mut next = 0;
        for bucket in 0..=bucket_of(LARGEST) {
            let (low, high) = bounds(bucket);
            assert_eq!(low, next, "bucket {bucket}");
            assert_eq!((bucket_of(low), bucket_of(high)), (bucket, bucket));
            assert!(high - low <= low / 32, "bucket {bucket} is too wide: {low} to {high}");
            next = high + 1;
        }
        assert_eq!(next, LARGEST + 1);
        assert_eq!(bucket_of(u64::MAX), bucket_of(LARGEST));
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(LatencySketch::default().quantile(0.5), None);
        assert_eq!(LatencySketch::default().mean(), None);
    }

    #[test]
    fn one_value_ties_and_what_is_no_share() {
        const SHARES: [f64; 7] = [0.0, 0.5, 0.95, 1.0, -3.0, f64::INFINITY, f64::NEG_INFINITY];
        for (values, about) in [(vec![0], 0.0), (vec![700], 700.0), (vec![42; 200_000], 42.0)] {
            let found = sketch(&values);
            for share in SHARES {
                let quantile = found.quantile(share).expect("a value");
                assert!((quantile - about).abs() <= about / 64.0, "{share}: {quantile}");
            }
            assert_eq!(found.quantile(f64::NAN), None);
            assert!(found.mean().is_some_and(|mean| (mean - about).abs() <= about / 64.0));
            assert_eq!(found.count(), values.len() as u64);
        }
        // All of a sketch taken away again is nothing.
        let mut none = sketch(&[5, 5, 9]);
        none.subtract(&sketch(&[5, 5, 9]));
        assert_eq!((none.quantile(0.5), none.mean(), none.is_empty()), (None, None, true));
    }

    #[test]
    fn damaged_bytes_end_the_sketch() {
        let mut read = LatencySketch::default();
        read.merge_bytes(&[5, 2, 0xff, 0xff, 0xff, 0xff, 1, 1]);
        assert_eq!(read, sketch(&[5, 5]));
        let mut sum = SketchSum::default();
        sum.merge_bytes(&[5, 2, 0xff, 0xff, 0xff, 0xff, 1, 1]);
        assert_eq!(sum.finish(), read);
    }

    proptest! {
        #[test]
        fn quantiles_are_within_a_64th(mut values in prop::collection::vec(0_u64..10_000_000, 1..300), share in 0.0..=1.0_f64) {
            let found = sketch(&values).quantile(share).expect("values");
            values.sort_unstable();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a rank among a thousand values"
            )]
            let rank = ((share * values.len() as f64).ceil() as usize).max(1);
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of a test")]
            let exact = values[rank - 1] as f64;
            prop_assert!((found - exact).abs() <= exact / 64.0 + 0.5, "{found} for {exact}");
        }

        #[test]
        fn merging_is_adding_and_subtracting_undoes_it(a in prop::collection::vec(any::<u64>(), 0..100), b in prop::collection::vec(0_u64..5_000, 0..100)) {
            let mut both = sketch(&a);
            both.merge(&sketch(&b));
            prop_assert_eq!(&both, &sketch(&[a.clone(), b.clone()].concat()));
            both.subtract(&sketch(&b));
            prop_assert_eq!(&both, &sketch(&a));
        }

        #[test]
        fn the_stored_form_reads_back(values in prop::collection::vec(any::<u64>(), 0..200)) {
            let written = sketch(&values);
            let mut read = LatencySketch::default();
            read.merge_bytes(&written.to_bytes());
            prop_assert_eq!(read, written);
        }

        #[test]
        fn a_sum_of_stored_forms_is_what_merging_gives(some in prop::collection::vec(prop::collection::vec(any::<u64>(), 0..40), 0..8)) {
            let mut sum = SketchSum::default();
            let mut merged = LatencySketch::default();
            for values in &some {
                sum.merge_bytes(&sketch(values).to_bytes());
                merged.merge(&sketch(values));
            }
            prop_assert_eq!(sum.finish(), merged);
        }
    }
}
