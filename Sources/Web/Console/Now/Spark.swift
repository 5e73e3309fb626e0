import Rendering

/// A small drawing of a day beside the same day of other weeks, as the points of SVG's shapes.
struct Spark {
    /// The drawing's size in its own units; the style sheet stretches it.
    static let width = 200.0
    static let height = 36.0

    /// What stands for nothing: no shape is drawn.
    private(set) var line: String?
    private(set) var last: String?
    private(set) var band: String?

    /// - Parameters:
    ///   - today: One value for each stretch that is over, from the left.
    ///   - last: The same day a week ago, whole.
    ///   - usual: Where each stretch is expected; nil where too little is known.
    init(today: [Double], last: [Double], usual: [UsualRange?]) {
        let count = max(today.count, last.count, usual.count)
        let most = max(today.max() ?? 0, last.max() ?? 0, usual.compactMap { $0?.high }.max() ?? 0)
        guard count > 1, most > 0 else { return }
        func x(_ i: Int) -> Double { Double(i) * Self.width / Double(count - 1) }
        func y(_ value: Double) -> Double { Self.height * (1 - min(max(value, 0), most) / most) }
        func points(_ values: [Double]) -> String? {
            values.count < 2 ? nil : values.enumerated().map { Self.point(x($0.offset), y($0.element)) }.joined(separator: " ")
        }
        line = points(today)
        self.last = points(last)
        let known = usual.enumerated().compactMap { at, range in range.map { (x(at), $0) } }
        if known.count > 1 {
            band = (known.map { Self.point($0.0, y($0.1.high)) } + known.reversed().map { Self.point($0.0, y($0.1.low)) }).joined(separator: " ")
        }
    }

    private static func point(_ x: Double, _ y: Double) -> String { Formats.drawn(x) + "," + Formats.drawn(y) }

    var fields: Fields { ["line": line, "last": last, "band": band] }
}
