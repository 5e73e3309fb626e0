import Testing

/// Starts the tests. There is no XCTest here, and without this file SwiftPM would need an index of the whole build, which
/// takes a good deal longer to make, to look for some.
@main struct Tests {
    static func main() async { await Testing.__swiftPMEntryPoint() as Never }
}
