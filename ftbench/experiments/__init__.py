"""What measures by itself: the main job, noise, selftest, overhead, reproduction, Rust."""
