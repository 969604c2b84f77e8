//! CPU time of a thread and of the process, which the standard library does not tell.

use std::time::{Duration, Instant};

/// CPU time of this process, all its threads; `None` where the system is not known.
pub fn process_cpu() -> Option<Duration> {
    system::cpu(system::Of::Process)
}

/// CPU time of the calling thread; `None` where the system is not known.
pub fn thread_cpu() -> Option<Duration> {
    system::cpu(system::Of::Thread)
}

/// Seconds that one call of the clock costs here: the least of a few batches.
pub fn cost() -> f64 {
    const CALLS: u32 = 1000;
    let batch = |_| {
        let begin = Instant::now();
        let end = (0..CALLS).fold(begin, |_, _| Instant::now());
        (end - begin).as_secs_f64() / f64::from(CALLS)
    };
    (0..20).map(batch).fold(f64::INFINITY, f64::min)
}

/// clock_gettime(3); only where `time_t` and `long` are surely 64 bits wide.
#[cfg(all(
    any(target_os = "linux", target_os = "macos"),
    target_pointer_width = "64"
))]
mod system {
    use std::os::raw::{c_int, c_long};
    use std::time::Duration;

    #[derive(Clone, Copy)]
    pub enum Of {
        Process,
        Thread,
    }

    #[cfg(target_os = "linux")]
    const CLOCKS: [c_int; 2] = [2, 3];
    #[cfg(target_os = "macos")]
    const CLOCKS: [c_int; 2] = [12, 16];

    #[repr(C)]
    #[derive(Default)]
    struct TimeSpec {
        seconds: c_long,
        nanoseconds: c_long,
    }

    extern "C" {
        fn clock_gettime(clock: c_int, time: *mut TimeSpec) -> c_int;
    }

    pub fn cpu(of: Of) -> Option<Duration> {
        let mut time = TimeSpec::default();
        // SAFETY: `time` has the layout of `struct timespec` on these systems, and outlives the
        // call, which writes to nothing else.
        if unsafe { clock_gettime(CLOCKS[of as usize], &mut time) } != 0 {
            return None;
        }
        let seconds = u64::try_from(time.seconds).ok()?;
        let nanoseconds = u32::try_from(time.nanoseconds).ok()?;
        Some(Duration::new(seconds, nanoseconds))
    }
}

/// GetProcessTimes and GetThreadTimes, in steps of the scheduler's tick.
#[cfg(windows)]
mod system {
    use std::ffi::c_void;
    use std::time::Duration;

    #[derive(Clone, Copy)]
    pub enum Of {
        Process,
        Thread,
    }

    /// FILETIME: tenths of microseconds, in two halves.
    #[repr(C)]
    #[derive(Clone, Copy, Default)]
    struct FileTime {
        low: u32,
        high: u32,
    }

    type Handle = *mut c_void;
    type Out = *mut FileTime;

    #[link(name = "kernel32")]
    extern "system" {
        fn GetCurrentProcess() -> Handle;
        fn GetCurrentThread() -> Handle;
        fn GetProcessTimes(of: Handle, created: Out, ended: Out, kernel: Out, user: Out) -> i32;
        fn GetThreadTimes(of: Handle, created: Out, ended: Out, kernel: Out, user: Out) -> i32;
    }

    pub fn cpu(of: Of) -> Option<Duration> {
        let [mut created, mut ended, mut kernel, mut user] = [FileTime::default(); 4];
        // SAFETY: the handles are the system's constants for "this one", never closed; the four
        // times have the layout of FILETIME and outlive the call, which writes to nothing else.
        let known = unsafe {
            match of {
                Of::Process => GetProcessTimes(
                    GetCurrentProcess(),
                    &mut created,
                    &mut ended,
                    &mut kernel,
                    &mut user,
                ),
                Of::Thread => GetThreadTimes(
                    GetCurrentThread(),
                    &mut created,
                    &mut ended,
                    &mut kernel,
                    &mut user,
                ),
            }
        };
        (known != 0).then(|| duration(kernel) + duration(user))
    }

    fn duration(time: FileTime) -> Duration {
        let tenths = u64::from(time.high) << 32 | u64::from(time.low);
        Duration::from_nanos(tenths * 100)
    }
}

#[cfg(not(any(
    all(
        any(target_os = "linux", target_os = "macos"),
        target_pointer_width = "64"
    ),
    windows
)))]
mod system {
    use std::time::Duration;

    #[derive(Clone, Copy)]
    pub enum Of {
        Process,
        Thread,
    }

    pub fn cpu(_: Of) -> Option<Duration> {
        None
    }
}

#[cfg(all(
    test,
    any(target_os = "linux", target_os = "macos"),
    target_pointer_width = "64"
))]
mod tests {
    use super::*;

    #[test]
    fn a_busy_thread_and_its_process_get_older_and_a_sleeper_does_not() {
        let (process, thread) = (process_cpu().unwrap(), thread_cpu().unwrap());
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_millis(50) {}
        let used = thread_cpu().unwrap() - thread;
        assert!(used > Duration::ZERO && used <= begin.elapsed());
        assert!(process_cpu().unwrap() - process >= used);
        let thread = thread_cpu().unwrap();
        std::thread::sleep(Duration::from_millis(50));
        assert!(thread_cpu().unwrap() - thread < Duration::from_millis(50));
    }
}
