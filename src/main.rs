//! The program `notarylog`.

fn main() -> std::process::ExitCode {
    notarylog::program::run(std::env::args_os())
}
