//! Options: every place, its precedence and its name; every refusal and its advice.

use std::path::Path;
use std::time::Duration;

use clap::Command;
use serde_json::json;

use service::{Config, ConfigError, Opt, Options, Origin};

const OPTIONS: Options = Options::new(
    "NOTARYLOG",
    &[
        Opt::value("listen", "ADDRESS", "Where to listen").or("127.0.0.1:8080"),
        Opt::value("data-folder", "DIR", "Where the log lives"),
        Opt::value("linger", "TIME", "How long a batch waits").or("2ms"),
        Opt::value("body-max", "BYTES", "The largest body").or("256KiB"),
        Opt::list("witness-url", "URL", "Where witnesses answer"),
        Opt::switch("admin-exposed", "Let others reach the admin listener"),
    ],
);

fn from_file(text: &str) -> Result<Config, ConfigError> {
    OPTIONS.put_together(
        Some((Path::new("/etc/notarylog.toml"), text)),
        |_| None,
        |_| None,
    )
}

fn from_line(
    arguments: &[&str],
    environment: impl Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    let command = OPTIONS.add_to(Command::new("serve"));
    let matches = command
        .try_get_matches_from([&["serve"], arguments].concat())
        .unwrap();
    OPTIONS.load(&matches, None, environment)
}

#[test]
fn each_place_wins_over_the_one_before_it_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notarylog.toml");
    std::fs::write(
        &path,
        "linger = \"1ms\"\n\nlisten = '0.0.0.0:1'\nbody-max = 4096\n",
    )
    .unwrap();
    let config = from_line(
        &["--config", path.to_str().unwrap(), "--linger", "9ms"],
        |name| match name {
            "NOTARYLOG_LISTEN" => Some("0.0.0.0:2".to_owned()),
            "NOTARYLOG_LINGER" => Some("8ms".to_owned()),
            "NOTARYLOG_BODY_MAX" => Some(String::new()),
            _ => None,
        },
    )
    .unwrap();
    assert_eq!(config.duration("linger").unwrap(), Duration::from_millis(9));
    assert_eq!(
        config.origin("linger"),
        Some(&Origin::Flag("--linger".to_owned()))
    );
    assert_eq!(
        config.get::<std::net::SocketAddr>("listen").unwrap().port(),
        2
    );
    assert_eq!(
        config.origin("listen").unwrap().to_string(),
        "NOTARYLOG_LISTEN"
    );
    assert_eq!(
        config.bytes("body-max").unwrap(),
        4096,
        "an empty variable is not set"
    );
    assert_eq!(
        config.origin("body-max"),
        Some(&Origin::File {
            path: path.as_path().into(),
            line: 4
        })
    );
    assert_eq!(config.origin("admin-exposed"), Some(&Origin::Default));
    assert_eq!(config.origin("data-folder"), None);
}

#[test]
fn an_unknown_name_in_the_file_is_refused_and_the_nearest_suggested() {
    let refused = from_file("# here\nlisen = \"x\"\n")
        .unwrap_err()
        .to_string();
    assert_eq!(
        refused,
        "/etc/notarylog.toml:2: there is no option `lisen`; did you mean `listen`?"
    );
    assert!(
        from_file("data_folder = \"x\"")
            .unwrap_err()
            .to_string()
            .ends_with("did you mean `data-folder`?")
    );
    assert!(
        from_file("colour = \"x\"")
            .unwrap_err()
            .to_string()
            .ends_with("; `config` lists them all")
    );
}

#[test]
fn a_file_that_is_not_flat_toml_is_refused_with_its_line() {
    for (text, says) in [
        ("listen = ", "line 1"),
        ("listen = 'a'\nlisten = 'b'", "line 2"),
        ("linger = 'a'\n[listen]\na = 1", "line 2: `listen` takes"),
        ("linger = 2001-01-01", "`linger` takes"),
        ("linger = ['a', 'b']", "it takes one value"),
        ("witness-url = [['a']]", "`witness-url` takes"),
    ] {
        let refused = from_file(text).unwrap_err().to_string();
        assert!(refused.contains(says), "{text:?}: {refused}");
    }
}

#[test]
fn a_value_that_is_not_understood_names_the_option_and_the_place() {
    let config = from_file(
        "listen = 'nowhere'\nlinger = '2 weeks'\nbody-max = '1KB'\nadmin-exposed = 'yes'",
    )
    .unwrap();
    let refused = config
        .get::<std::net::SocketAddr>("listen")
        .unwrap_err()
        .to_string();
    assert!(
        refused.starts_with("the option `listen`, set to `nowhere` by /etc/notarylog.toml:1, "),
        "{refused}"
    );
    assert!(
        config
            .duration("linger")
            .unwrap_err()
            .to_string()
            .contains("notarylog.toml:2")
    );
    assert!(
        config
            .bytes("body-max")
            .unwrap_err()
            .to_string()
            .contains("256KiB")
    );
    assert!(
        config
            .switch("admin-exposed")
            .unwrap_err()
            .to_string()
            .contains("true or false")
    );
    let missing = config.text("data-folder").unwrap_err().to_string();
    assert!(
        missing.contains("--data-folder") && missing.contains("NOTARYLOG_DATA_FOLDER"),
        "{missing}"
    );
}

#[test]
fn lists_and_switches_come_from_every_place() {
    let urls = |config: &Config| config.list::<String>("witness-url").unwrap();
    assert_eq!(
        urls(&from_file("witness-url = ['a', 'b']").unwrap()),
        ["a", "b"]
    );
    let environment = |name: &str| (name == "NOTARYLOG_WITNESS_URL").then(|| "c, d".to_owned());
    assert_eq!(urls(&from_line(&[], environment).unwrap()), ["c", "d"]);
    let flags = from_line(
        &["--witness-url", "e", "--witness-url=f", "--admin-exposed"],
        environment,
    )
    .unwrap();
    assert_eq!(urls(&flags), ["e", "f"]);
    assert!(flags.switch("admin-exposed").unwrap());
    assert!(
        !from_line(&["--admin-exposed=false"], |_| None)
            .unwrap()
            .switch("admin-exposed")
            .unwrap()
    );
    assert!(
        from_file("admin-exposed = true")
            .unwrap()
            .switch("admin-exposed")
            .unwrap()
    );
}

#[test]
fn a_path_in_the_file_counts_from_the_files_folder() {
    assert_eq!(
        from_file("data-folder = 'data'")
            .unwrap()
            .path("data-folder")
            .unwrap(),
        Path::new("/etc/data")
    );
    assert_eq!(
        from_file("data-folder = '/srv'")
            .unwrap()
            .path("data-folder")
            .unwrap(),
        Path::new("/srv")
    );
    let flag = from_line(&["--data-folder", "data"], |_| None).unwrap();
    assert_eq!(flag.path("data-folder").unwrap(), Path::new("data"));
}

#[test]
fn the_listing_shows_every_option_with_its_origin() {
    let config = from_file("witness-url = ['a', 'b']\ndata-folder = 'd'").unwrap();
    let listed = config.to_string();
    assert_eq!(listed.lines().count(), OPTIONS.all().len());
    let lines: Vec<Vec<&str>> = listed
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0], ["listen", "127.0.0.1:8080", "default"]);
    assert_eq!(
        lines[4],
        ["witness-url", "a,", "b", "/etc/notarylog.toml:1"]
    );
    let json = config.to_json();
    assert_eq!(
        json[1]["origin"],
        json!({"kind": "file", "path": "/etc/notarylog.toml", "line": 2})
    );
    assert_eq!(json[4]["value"], json!(["a", "b"]));
    assert_eq!(config.rows().len(), OPTIONS.all().len());
}

#[test]
fn a_default_file_is_read_if_it_is_there_and_a_named_one_must_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notarylog.toml");
    let matches = OPTIONS
        .add_to(Command::new("serve"))
        .try_get_matches_from(["serve"])
        .unwrap();
    let load = |environment: &dyn Fn(&str) -> Option<String>| {
        OPTIONS.load(&matches, Some(&path), environment)
    };
    assert_eq!(load(&|_| None).unwrap().text("linger").unwrap(), "2ms");
    std::fs::write(&path, "linger = '3ms'").unwrap();
    assert_eq!(load(&|_| None).unwrap().text("linger").unwrap(), "3ms");
    let absent = |name: &str| (name == "NOTARYLOG_CONFIG").then(|| "/absent.toml".to_owned());
    assert!(matches!(load(&absent), Err(ConfigError::Unreadable { .. })));
}

#[test]
fn every_flag_is_in_the_help_with_its_variable_and_default() {
    let help = OPTIONS
        .add_to(Command::new("serve"))
        .render_long_help()
        .to_string();
    for option in OPTIONS.all() {
        assert!(
            help.contains(&format!("--{}", option.name())),
            "{}",
            option.name()
        );
        assert!(
            help.contains(&OPTIONS.variable(option.name())),
            "{}",
            option.name()
        );
    }
    assert!(help.contains("[default: 127.0.0.1:8080]"));
}
