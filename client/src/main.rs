//! `notary`: the command line for bureaus, integrators and citizens.
fn main() -> std::process::ExitCode {
    notarylog_client::program::run(std::env::args_os())
}
