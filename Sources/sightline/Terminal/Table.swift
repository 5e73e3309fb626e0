/// Rows under headings, as wide as they must be and no wider than the terminal.
struct Table {
    struct Column {
        var title: String
        var right = false
        /// Gives way first when there is not enough room.
        var shrinks = false
    }
    var columns: [Column]
    private(set) var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// Adds a row. Cells from outside are made harmless here, once for all tables.
    mutating func add(_ cells: [String]) {
        precondition(cells.count == columns.count)
        rows.append(cells.map(Text.clean))
    }

    /// The lines, without a line end.
    func lines(width: Int, style: Style) -> [String] {
        var widths = columns.indices.map { i in max(Text.width(columns[i].title), rows.map { Text.width($0[i]) }.max() ?? 0) }
        let gaps = 2 * (columns.count - 1)
        let excess = widths.reduce(gaps, +) - width
        if excess > 0, let shrinking = columns.firstIndex(where: \.shrinks) {
            widths[shrinking] = max(8, widths[shrinking] - excess)
        }
        func line(_ cells: [String]) -> String {
            var text = ""
            for i in cells.indices {
                let last = i == cells.count - 1
                let cell =
                    last && !columns[i].right ? Text.cut(cells[i], to: widths[i]) : Text.padded(cells[i], to: widths[i], right: columns[i].right)
                text += cell + (last ? "" : "  ")
            }
            return text
        }
        return [style.faint(line(columns.map(\.title)))] + rows.map(line)
    }
}
