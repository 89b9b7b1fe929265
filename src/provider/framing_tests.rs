//! The two framings under any bytes and any cuts, against readers so plain that they are right by
//! looking at them.

use proptest::{collection::vec, prelude::*, sample::select};

use super::{
    ndjson::NdjsonParser,
    sse::{LineError, SseItem, SseParser},
};

/// An item as it came: a comment, or an event's name and data.
type Item = Option<(Vec<u8>, Vec<u8>)>;

/// What was read, and the limit that stopped the reading.
type Read<T> = (Vec<T>, Option<u64>);

fn read_sse<'b>(limit: u64, chunks: impl IntoIterator<Item = &'b [u8]>) -> Read<Item> {
    let mut items = Vec::new();
    let mut parser = SseParser::new(limit);
    let mut take = |item: SseItem<'_>| {
        items.push(match item {
            SseItem::Comment => None,
            SseItem::Event { name, data } => Some((name.to_vec(), data.to_vec())),
        });
        Ok::<(), ()>(())
    };
    for chunk in chunks {
        match parser.push(chunk, &mut take) {
            Ok(()) => {}
            Err(LineError::TooLong { limit }) => return (items, Some(limit)),
            Err(LineError::Receiver(())) => unreachable!("the receiver refuses nothing"),
        }
    }
    parser.finish(&mut take).expect("the receiver refuses nothing");
    (items, None)
}

fn read_ndjson<'b>(limit: u64, chunks: impl IntoIterator<Item = &'b [u8]>) -> Read<Vec<u8>> {
    let mut lines = Vec::new();
    let mut parser = NdjsonParser::new(limit);
    let mut take = |line: &[u8]| {
        lines.push(line.to_vec());
        Ok::<(), ()>(())
    };
    for chunk in chunks {
        match parser.push(chunk, &mut take) {
            Ok(()) => {}
            Err(LineError::TooLong { limit }) => return (lines, Some(limit)),
            Err(LineError::Receiver(())) => unreachable!("the receiver refuses nothing"),
        }
    }
    parser.finish(&mut take).expect("the receiver refuses nothing");
    (lines, None)
}

/// The stream interpretation of the HTML standard, a whole body at a time and without a bound.
fn plain_sse(body: &[u8]) -> Vec<Item> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    let mut lines: Vec<Vec<u8>> = vec![Vec::new()];
    let mut bytes = body.iter().peekable();
    while let Some(&byte) = bytes.next() {
        if byte == b'\r' && bytes.peek() == Some(&&b'\n') {
            bytes.next();
        }
        if matches!(byte, b'\r' | b'\n') {
            lines.push(Vec::new());
        } else if let Some(line) = lines.last_mut() {
            line.push(byte);
        }
    }
    // What follows the last line end may have been cut and is not looked at.
    lines.pop();
    let mut items = Vec::new();
    let (mut name, mut data): (Vec<u8>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
    // An event that lacks its empty line is given out at the end.
    for line in lines.into_iter().chain([Vec::new()]) {
        if line.is_empty() {
            if !data.is_empty() {
                items.push(Some((name.clone(), data.join(&b'\n'))));
            }
            (name, data) = (Vec::new(), Vec::new());
            continue;
        }
        if line[0] == b':' {
            items.push(None);
            continue;
        }
        let colon = line.iter().position(|&byte| byte == b':');
        let field = &line[..colon.unwrap_or(line.len())];
        let value = colon.map_or(&b""[..], |colon| &line[colon + 1..]);
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"event" => name = value.to_vec(),
            b"data" => data.push(value.to_vec()),
            _ => {}
        }
    }
    items
}

fn plain_ndjson(body: &[u8]) -> Vec<Vec<u8>> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    body.split(|&byte| byte == b'\n')
        .map(|line| line.trim_ascii().to_vec())
        .filter(|line| !line.is_empty())
        .collect()
}

/// Bytes in which the framings' own words are frequent.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&[u8]> = vec![
        b"\n",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\n\r\n",
        b"data:",
        b"data: ",
        b"data",
        b"event:",
        b"event: x",
        b":",
        b": ",
        b" ",
        b"id: 1",
        b"retry:",
        b"\xEF\xBB\xBF",
        b"\xEF",
        b"{}",
        b"{\"a\":\"\xF0\x9F\x98\x80\"}",
        b"[DONE]",
        b"\0",
        b"\xE2\x80\xA8",
        b"\x85",
        b"\x0B\x0C",
    ];
    let piece = prop_oneof![
        8 => select(words).prop_map(<[u8]>::to_vec),
        2 => vec(any::<u8>(), 0..12),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// A body and the lengths of the chunks it comes in.
fn cut_bodies() -> impl Strategy<Value = (Vec<u8>, Vec<usize>)> {
    (bodies(), vec(0_usize..9, 0..60))
}

fn chunks<'b>(body: &'b [u8], lengths: &[usize]) -> Vec<&'b [u8]> {
    let mut rest = body;
    let mut chunks: Vec<_> = lengths
        .iter()
        .map(|&length| {
            let (chunk, after) = rest.split_at(length.min(rest.len()));
            rest = after;
            chunk
        })
        .collect();
    chunks.push(rest);
    chunks
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_read_as_the_standard_says((body, lengths) in cut_bodies()) {
        let expected = (plain_sse(&body), None);
        prop_assert_eq!(&read_sse(1 << 20, [body.as_slice()]), &expected);
        prop_assert_eq!(&read_sse(1 << 20, chunks(&body, &lengths)), &expected);
        prop_assert_eq!(&read_sse(1 << 20, body.chunks(1)), &expected);
    }

    #[test]
    fn any_bytes_read_line_by_line((body, lengths) in cut_bodies()) {
        let mut expected = plain_ndjson(&body);
        if matches!(body.as_slice(), b"\xEF" | b"\xEF\xBB") {
            // A mark that was cut is no line.
            expected.clear();
        }
        let expected = (expected, None);
        prop_assert_eq!(&read_ndjson(1 << 20, [body.as_slice()]), &expected);
        prop_assert_eq!(&read_ndjson(1 << 20, chunks(&body, &lengths)), &expected);
        prop_assert_eq!(&read_ndjson(1 << 20, body.chunks(1)), &expected);
    }

    #[test]
    fn bounds_hold_however_the_bytes_are_cut((body, lengths) in cut_bodies(), limit in 0_u64..32) {
        let whole = read_sse(limit, [body.as_slice()]);
        for item in whole.0.iter().flatten() {
            prop_assert!(item.1.len() as u64 <= limit && item.0.len() as u64 <= limit);
        }
        prop_assert_eq!(&read_sse(limit, chunks(&body, &lengths)), &whole);
        prop_assert_eq!(&read_sse(limit, body.chunks(1)), &whole);

        let whole = read_ndjson(limit, [body.as_slice()]);
        prop_assert!(whole.0.iter().all(|line| line.len() as u64 <= limit));
        prop_assert_eq!(&read_ndjson(limit, chunks(&body, &lengths)), &whole);
        prop_assert_eq!(&read_ndjson(limit, body.chunks(1)), &whole);
    }
}

/// A line without an end stops at the bound, whatever it is made of.
#[test]
fn an_endless_line_is_stopped_at_the_bound() {
    let endless = vec![b'x'; 64];
    assert_eq!(read_sse(1_000, std::iter::repeat_n(endless.as_slice(), 100)).1, Some(1_000));
    assert_eq!(read_ndjson(1_000, std::iter::repeat_n(endless.as_slice(), 100)).1, Some(1_000));
    let lines = "data: 0123456789\n".repeat(200);
    assert_eq!(read_sse(1_000, [lines.as_bytes()]), (vec![], Some(1_000)));
}
