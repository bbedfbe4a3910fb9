//! Notices, where a vector cannot say it: limits, and what is made here.

use crate::log::{self, TestKey, admin, draft, registry};
use evidence::{
    AdminSignature, Catalogue, KeyEnrol, MalformedJson, MalformedNotice, NOTICE_LEN_MAX, Notice,
    NoticeBody, OriginHash, Role,
};
use serde_json::{Map, json};

fn catalogue(len: usize) -> NoticeBody {
    let text = json!("a".repeat(len));
    NoticeBody::Catalogue(Catalogue {
        catalogue: Map::from_iter([("acts".to_owned(), text)]),
    })
}

#[test]
fn a_catalogue_fills_a_notice_to_its_limit_and_not_beyond() {
    let registry = registry();
    let empty = log::notice(&registry, catalogue(0)).as_bytes().len();
    let full = log::notice(&registry, catalogue(NOTICE_LEN_MAX - empty));
    assert_eq!(full.as_bytes().len(), NOTICE_LEN_MAX);

    let draft = draft(&registry, catalogue(NOTICE_LEN_MAX - empty + 1));
    let signatures = [1, 2].map(|number| admin(number).endorse(&draft, log::ORIGIN));
    assert_eq!(
        draft.into_notice(signatures.to_vec()),
        Err(MalformedNotice::Json(MalformedJson::TooLarge(
            NOTICE_LEN_MAX
        )))
    );
}

#[test]
fn what_no_parser_would_accept_cannot_be_made() {
    let registry = registry();
    let enrol = |name: &str, roles: &[Role]| {
        NoticeBody::KeyEnrol(KeyEnrol {
            bureau: None,
            name: name.to_owned(),
            roles: roles.to_vec(),
            spki: TestKey::new(10).spki(),
        })
    };
    let make = |body, signers: &[u32]| {
        let draft = draft(&registry, body);
        let signatures = signers
            .iter()
            .map(|&number| admin(number).endorse(&draft, log::ORIGIN));
        draft.clone().into_notice(signatures.collect()).err()
    };
    let submit = &[Role::Submit][..];
    assert_eq!(make(enrol("Bureau", submit), &[1, 2]), None);
    assert_eq!(make(enrol("Bureau", submit), &[2, 1]), None, "any order");
    let admins = Some(MalformedNotice::Admins);
    assert_eq!(make(enrol("Bureau", submit), &[1]), admins);
    assert_eq!(make(enrol("Bureau", submit), &[1, 1]), admins);
    assert_eq!(make(enrol("Bureau", submit), &[1, 2, 3]), admins);
    let member = |name| Some(MalformedNotice::Member(name));
    assert_eq!(make(enrol("", submit), &[1, 2]), member("name"));
    assert_eq!(make(enrol("Bureau", &[]), &[1, 2]), member("roles"));
    let unsorted = [Role::Vrf, Role::Submit];
    assert_eq!(make(enrol("Bureau", &unsorted), &[1, 2]), member("roles"));
}

#[test]
fn an_admins_signature_is_over_the_document_without_signatures() {
    let genesis = log::genesis();
    let text = String::from_utf8(genesis.to_bytes()).unwrap();
    let body = text.find("\"body\":").unwrap();
    let message = [
        b"notarylog/notice/v1\0".as_slice(),
        OriginHash::of(log::ORIGIN).as_bytes(),
        b"{",
        &text.as_bytes()[body..],
    ]
    .concat();
    let origin = OriginHash::of(log::ORIGIN);
    assert_eq!(genesis.unsigned_message(&origin), message);
    assert_eq!(log::genesis_draft().message(&origin), message);
}

#[test]
fn a_signature_out_of_range_is_no_admins() {
    let key = TestKey::new(1).id();
    for signature in [[0; 64], [0xff; 64]] {
        assert_eq!(
            AdminSignature::new(key, signature),
            Err(MalformedNotice::AdminSignature)
        );
    }
}

#[test]
fn a_genesis_survives_its_text() {
    let genesis = log::genesis();
    let again = Notice::parse(&genesis.to_bytes()).unwrap();
    let NoticeBody::Genesis(body) = again.body() else {
        panic!("a genesis");
    };
    assert_eq!(**body, log::genesis_body());
    assert_eq!(again, genesis);
}
