use super::*;

const WHOLE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n{\"state\":\"logged\"";

#[test]
fn a_head_is_read_however_it_arrives() {
    let end = WHOLE.len() - 17;
    for arrived in 0..end {
        assert_eq!(Head::parse(&WHOLE[..arrived]), Ok(None), "{arrived}");
    }
    let head = Head {
        status: 200,
        len: end,
        body_len: 17,
        keeps_open: true,
    };
    for arrived in end..=WHOLE.len() {
        assert_eq!(Head::parse(&WHOLE[..arrived]), Ok(Some(head)), "{arrived}");
    }
}

#[test]
fn a_head_that_ends_the_connection_says_so() {
    let head = Head::parse(b"HTTP/1.1 503 x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    let head = head.unwrap().unwrap();
    assert_eq!((head.status, head.keeps_open), (503, false));
}

#[test]
fn each_malformed_head_is_refused_by_name() {
    let endless = "a".repeat(HEAD_LEN_MAX + 1);
    let large = format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
        BODY_LEN_MAX + 1
    );
    for (head, why) in [
        ("HTTP/2 200\r\n\r\n", MalformedAnswer::NotHttp),
        ("HTTP/1.1 20\r\n\r\n", MalformedAnswer::NotHttp),
        ("HTTP/1.1 +20 OK\r\n\r\n", MalformedAnswer::NotHttp),
        ("HTTP/1.1 2000 OK\r\n\r\n", MalformedAnswer::NotHttp),
        (
            "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
            MalformedAnswer::NotHttp,
        ),
        ("HTTP/1.1 200 OK\r\n\r\n", MalformedAnswer::Length),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            MalformedAnswer::Length,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            MalformedAnswer::Length,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\n",
            MalformedAnswer::Length,
        ),
        (large.as_str(), MalformedAnswer::BodyTooLong),
        (endless.as_str(), MalformedAnswer::HeadTooLong),
    ] {
        assert_eq!(Head::parse(head.as_bytes()), Err(why), "{head:.60}");
    }
}

#[test]
fn one_entry_has_its_fate_in_the_status() {
    let logged = answer(200, r#"{"results":[{"status":200}]}"#).outcome(1);
    assert_eq!(logged, Outcome::accepted(1));

    let taken = answer(409, r#"{"type":"/docs/problems#slot-taken","status":409}"#).outcome(1);
    assert_eq!(taken, Outcome::refused("slot-taken".to_owned(), 1));

    let plain = answer(502, "<html>").outcome(1);
    assert_eq!(plain, Outcome::refused("http-502".to_owned(), 1));
}

#[test]
fn the_problems_of_a_batch_are_counted_by_type() {
    let body = r#"{"results":[{"status":200},{"status":409,"type":"/docs/problems#slot-taken"},
        {"status":200},{"status":403,"type":"/docs/problems#unknown-key"}]}"#;
    let outcome = answer(200, body).outcome(4);
    assert_eq!(outcome.accepted, 2);
    let refused = [("slot-taken".to_owned(), 1), ("unknown-key".to_owned(), 1)];
    assert_eq!(outcome.refused, BTreeMap::from(refused));
}

#[test]
fn a_batch_is_counted_right_however_its_json_is_laid_out() {
    let compact = r#"{"results":[{"status":200,"index":1},{"status":200,"index":2}]}"#;
    assert_eq!(answer(200, compact).outcome(2), Outcome::accepted(2));
    let spaced = r#"{ "results" : [ { "status" : 200 }, { "index": 2, "status" : 200 } ] }"#;
    assert_eq!(answer(200, spaced).outcome(2), Outcome::accepted(2));
}

#[test]
fn results_that_are_missing_or_too_many_are_errors() {
    let one = r#"{"results":[{"status":200}]}"#;
    let outcome = answer(200, one).outcome(3);
    assert_eq!(outcome.accepted, 1);
    assert_eq!(
        outcome.refused,
        BTreeMap::from([("answer-missing".to_owned(), 2)])
    );

    let three = r#"{"results":[{"status":200},{"status":200},{"status":200}]}"#;
    let malformed = Outcome::refused("answer-malformed".to_owned(), 2);
    assert_eq!(answer(200, three).outcome(2), malformed);
    assert_eq!(answer(200, "[]").outcome(2), malformed);
}

#[test]
fn a_problem_type_of_a_strangers_making_stays_out_of_the_report() {
    for slug in ["", "Up", "a b", "x\\u0007", &"a".repeat(SLUG_LEN_MAX + 1)] {
        let body = format!(r#"{{"type":"/docs/problems#{slug}"}}"#);
        let outcome = answer(418, &body).outcome(1);
        assert_eq!(
            outcome,
            Outcome::refused("http-418".to_owned(), 1),
            "{slug}"
        );
    }
}

fn answer(status: u16, body: &str) -> Answer<'_> {
    Answer {
        status,
        body: body.as_bytes(),
    }
}
