/// A percentile of numbers that nobody sorts.
enum NearestRank {
    /// The least of the numbers that at least a share of them is at most: the nearest rank.
    ///
    /// Hoare 1961, "Algorithm 65: Find", parting the numbers at the median of three; after more parting than a lucky search needs it sorts what is
    /// left, so that no order of the numbers takes it long.
    ///
    /// - Parameters:
    ///   - share: more than 0, and 1 at most.
    ///   - numbers: finite; in another order afterwards.
    /// - Returns: nil for no numbers, or for a share outside.
    static func value(_ share: Double, rearranging numbers: inout [Double]) -> Double? {
        guard !numbers.isEmpty, share > 0, share <= 1 else { return nil }
        let count = numbers.count
        let rank = min(count - 1, max(0, Int((share * Double(count)).rounded(.up)) - 1))
        return numbers.withUnsafeMutableBufferPointer { numbers in
            var (low, high) = (0, count - 1)
            var left = 2 * (Int.bitWidth - count.leadingZeroBitCount)
            while low < high {
                guard left > 0 else {
                    numbers[low...high].sort()
                    break
                }
                left -= 1
                let pivot = median(numbers[low], numbers[(low + high) / 2], numbers[high])
                var (i, j) = (low, high)
                while i <= j {
                    while numbers[i] < pivot { i += 1 }
                    while numbers[j] > pivot { j -= 1 }
                    if i <= j {
                        numbers.swapAt(i, j)
                        i += 1
                        j -= 1
                    }
                }
                if rank <= j { high = j } else if rank >= i { low = i } else { break }
            }
            return numbers[rank]
        }
    }

    private static func median(_ a: Double, _ b: Double, _ c: Double) -> Double { max(min(a, b), min(max(a, b), c)) }
}
