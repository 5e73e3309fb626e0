import CDispatch
import CSodium
import Foundation
import Kernel

/// The one place that reads the system's clock.
enum SystemClock {
    static let clock = Clock {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Instant(milliseconds: Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000)
    }
}

/// The one place that asks the system for random bytes: libsodium's generator, which is the kernel's.
enum SystemRandomness {
    static let randomness = Randomness { count in
        var bytes = [UInt8](repeating: 0, count: count)
        randombytes_buf(&bytes, count)
        return bytes
    }
}
