import CSodium
import Foundation
import Kernel

/// The one place that reads the system's clock.
enum SystemClock {
    static let clock = Clock { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
}

/// The one place that asks the system for random bytes: libsodium's generator, which is the kernel's.
enum SystemRandomness {
    static let randomness = Randomness { count in
        var bytes = [UInt8](repeating: 0, count: count)
        randombytes_buf(&bytes, count)
        return bytes
    }
}
