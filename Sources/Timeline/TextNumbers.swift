import Synchronization

/// Texts that marks have as values, as numbers. A text has one number, whichever property it stands in, and upper and lower case
/// are one; it is shown as it was first written.
package final class TextNumbers: Sendable {
    /// The most texts that one selector may bring: past it what is new to it is unknown to formulas.
    package static let mostOfSelector = 100_000

    private struct State {
        var numbers: [String: UInt32] = [:]
        var texts: [String] = []
        /// How many texts each selector brought.
        var brought: [UInt16: Int] = [:]
        /// Numbers from here on are not written down yet.
        var saved = 0
    }
    private let state = Mutex(State())

    package init() {}

    /// A text and the selector that brought it; nil for one that a formula brought.
    package struct Entry: Sendable {
        package var number: UInt32
        package var text: String
        package var selector: UInt16?
        package init(number: UInt32, text: String, selector: UInt16?) {
            self.number = number
            self.text = text
            self.selector = selector
        }
    }
    private let origins = Mutex<[UInt32: UInt16]>([:])

    /// The text as it was first written; nil for a number that none has.
    package func text(_ number: Double) -> String? {
        guard number >= 0, number < 4e9, number.rounded() == number else { return nil }
        return state.withLock { Int(number) < $0.texts.count ? $0.texts[Int(number)] : nil }
    }

    /// The number; nil for a text that nobody wrote yet.
    package func number(_ text: String) -> Double? {
        let folded = text.lowercased()
        return state.withLock { $0.numbers[folded].map(Double.init) }
    }

    /// The number, a new one when the text has none; nil when the selector has brought too many.
    package func number(_ text: String, for selector: UInt16?) -> Double? {
        let folded = text.lowercased()
        let (number, isNew): (UInt32?, Bool) = state.withLock { state in
            if let known = state.numbers[folded] { return (known, false) }
            if let selector {
                let count = state.brought[selector] ?? 0
                guard count < Self.mostOfSelector else { return (nil, false) }
                state.brought[selector] = count + 1
            }
            let number = UInt32(state.texts.count)
            state.numbers[folded] = number
            state.texts.append(text)
            return (number, true)
        }
        if isNew, let number, let selector { origins.withLock { $0[number] = selector } }
        return number.map(Double.init)
    }

    // MARK: The pipeline alone

    /// What was not written down yet; it is taken as written.
    package func unsaved() -> [Entry] {
        let new = state.withLock { state in
            let new = (state.saved..<state.texts.count).map { (UInt32($0), state.texts[$0]) }
            state.saved = state.texts.count
            return new
        }
        return new.map { entry in
            Entry(number: entry.0, text: entry.1, selector: origins.withLock { $0.removeValue(forKey: entry.0) })
        }
    }

    /// What was written down, in the order of the numbers, from 0. What is there already keeps its numbers, and is written down again
    /// where that failed.
    package func restore(_ entries: [Entry]) {
        state.withLock { state in
            guard state.texts.isEmpty else {
                state.saved = min(state.saved, entries.count)
                return
            }
            for entry in entries {
                state.numbers[entry.text.lowercased()] = UInt32(state.texts.count)
                state.texts.append(entry.text)
                if let selector = entry.selector { state.brought[selector, default: 0] += 1 }
            }
            state.saved = state.texts.count
        }
    }
}
