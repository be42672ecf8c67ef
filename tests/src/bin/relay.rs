//! Carries bytes between its standard streams and the Unix socket that it is given: the kernel tells the other side whose
//! process this is, which is how somebody logs in at the control socket.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::thread;

fn main() -> io::Result<ExitCode> {
    let Some(path) = std::env::args_os().nth(1) else { return Ok(ExitCode::from(2)) };
    let mut out = UnixStream::connect(path)?;
    let mut back = out.try_clone()?;
    let answers = thread::Builder::new().name("answers".to_owned());
    let answers = answers.spawn(move || io::copy(&mut back, &mut io::stdout()))?;
    io::copy(&mut io::stdin(), &mut out)?;
    out.shutdown(Shutdown::Write)?;
    match answers.join() {
        Ok(copied) => copied.map(|_| ExitCode::SUCCESS),
        Err(_) => Ok(ExitCode::FAILURE),
    }
}
