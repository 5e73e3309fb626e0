extension RecordView {
    /// Whether somebody of our own wrote it about a customer: it names them by our own id, which nothing from outside may carry.
    package var isOurs: Bool {
        var ours = false
        identifiers { kind, _ in if kind == .customer { ours = true } }
        return ours
    }
}
