//! The program `notarylog-witness`.

fn main() -> std::process::ExitCode {
    notarylog_witness::program::run(std::env::args_os())
}
