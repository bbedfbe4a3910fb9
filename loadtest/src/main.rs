//! `loadtest`: see [`notarylog_loadtest::program`].

fn main() -> std::process::ExitCode {
    notarylog_loadtest::program::run(std::env::args_os())
}
