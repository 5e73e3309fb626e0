package import Definitions
package import Formula

/// A formula in a document, with where it stands.
package struct WrittenFormula: Sendable, Equatable {
    package var text: String
    package var place: Place
    /// From the kind down: `audience.who`.
    package var path: String

    package static func == (a: WrittenFormula, b: WrittenFormula) -> Bool { a.text == b.text }

    package init(text: String, place: Place = Place(file: "", line: 1, column: 1), path: String = "") {
        self.text = text
        self.place = place
        self.path = path
    }

    /// The tree; nil for a text that does not read, which was told when the document was read.
    package var tree: FormulaExpression? { try? Parser.parse(text) }

    /// A problem of the formula as one of its document.
    package func finding(_ problem: FormulaProblem) -> Finding {
        let (line, column) = problem.place(in: text)
        let at = text.contains("\n") ? "line \(line), column \(column): " : "column \(column): "
        return Finding(place: place, path: path, what: at + problem.what, mend: problem.mend)
    }
}

extension Reader {
    /// A formula; a problem when there is none that reads. Names in it are looked up later, when all documents are there.
    package func formula(_ key: String, example: String) -> WrittenFormula? {
        guard let text = text(key, 1...FormulaLimits.length, example: "\(key): \(example)") else { return nil }
        let written = WrittenFormula(text: text, place: place(of: key), path: "\(path).\(key)")
        do throws(FormulaProblem) {
            _ = try Parser.parse(text)
            return written
        } catch {
            let found = written.finding(error)
            problem(found.what, mend: found.mend, with: key)
            return nil
        }
    }
}
