/// The marks of selectors: what formulas ask of interactions beyond what the timeline keeps of all of them. They lie as the
/// timeline's own do, with the number of the selector in the place of the event's.
struct Marked: Sendable {
    var base: Base
    var frozen: Delta?
    var active: Delta
    /// Of the selectors of interactions whose time to be kept is over.
    var expiry: Expiry

    /// Moves what came lately to where the merge reads it.
    func freezing() -> Marked { Marked(base: base, frozen: active, active: Delta(), expiry: expiry) }
}
