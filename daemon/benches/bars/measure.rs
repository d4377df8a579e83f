//! Clocks, and how a figure is printed.

use std::time::Duration;

/// CPU time of this process.
pub(crate) fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// CPU time of this thread.
pub(crate) fn thread_cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// CPU time of some work.
pub(crate) fn cpu_of<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let before = cpu_time();
    let result = std::hint::black_box(work());
    (cpu_time().saturating_sub(before), result)
}

/// Median of the CPU times of some work done so often.
pub(crate) fn median_cpu<T>(times: usize, mut work: impl FnMut() -> T) -> Duration {
    median((0..times).map(|_| cpu_of(&mut work).0).collect())
}

pub(crate) fn median(times: Vec<Duration>) -> Duration {
    at(times, 0.5)
}

/// The time below which that share of all lies.
pub(crate) fn at(mut times: Vec<Duration>, share: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * share) as usize]
}

pub(crate) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

pub(crate) fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64().max(1e-9)
}

/// Prints a figure beside its bar, and marks one that is over it.
pub(crate) fn print(name: &str, measured: f64, bar: f64, unit: &str) {
    let mark = if measured > bar { "  <-- over" } else { "" };
    println!("{name:<16} {} / {bar} {unit}{mark}", digits(measured));
}

/// Three digits that say something.
fn digits(number: f64) -> String {
    let before = number.abs().max(1e-4).log10().floor();
    let after = (2.0 - before).clamp(0.0, 5.0) as usize;
    format!("{number:.after$}")
}

/// A line of `/proc/PID/status`, in MB.
pub(crate) fn memory_mb(process: &str, name: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or_default() / 1e3
}
