//! What this process weighs.

use std::fs;

/// Its proportional set size in bytes, `None` on systems without `/proc` (proc(5)).
pub fn pss() -> Option<u64> {
    kibibytes("/proc/self/smaps_rollup", "Pss:")
}

/// Its largest resident set so far in bytes, `None` on systems without `/proc` (proc(5)).
pub fn peak_rss() -> Option<u64> {
    kibibytes("/proc/self/status", "VmHWM:")
}

fn kibibytes(path: &str, key: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    let number: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(number * 1024)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn what_is_touched_is_weighed() {
        // For all to see, or the compiler would do without it.
        static HELD: Mutex<Vec<u8>> = Mutex::new(Vec::new());
        const SIZE: usize = 64 << 20;
        let before = pss().unwrap();
        *HELD.lock().unwrap() = vec![1; SIZE];
        // Other tests free some meanwhile.
        assert!(pss().unwrap() >= before + SIZE as u64 / 2);
        assert!(peak_rss().unwrap() >= SIZE as u64);
    }

    #[test]
    fn what_the_system_does_not_tell_is_unknown() {
        assert_eq!(kibibytes("/proc/self/status", "Nonsense:"), None);
        assert_eq!(kibibytes("/proc/self/nonsense", "Pss:"), None);
    }
}
