/// Invented people's names, by where families come from; most people have both names from one group.
enum Names {
    static let groups: [(first: [String], last: [String])] = [
        (
            words(
                """
                Alice Callum Edith Gareth Harriet Imogen Jack Kirsty Martin Ottilie Rhys Sally Tobias Wilfred Nell Dermot Beth Conor Daphne Euan
                Fergus Georgina Hugh Isla Lewis Morag Neville Poppy Rosalind Stanley Tamsin Verity
                """),
            words(
                """
                Ashworth Breck Carter Dunmore Ellery Fairclough Grant Hargreave Kendal MacAllister Oakes Penrose Pugh Quist Thackray Wainfleet
                Appleyard Birtwistle Corbett Dalgleish Entwistle Fothergill Gilmour Hollis Ingham Jessop Loxley Murdoch Nethercott Ormerod Rigby Sugden
                """)
        ),
        (
            words("Aisha Bilal Farah Hamza Iqra Mariam Nadia Omar Samira Tariq Yusuf Zainab Dawud Hafsa Idris Khalid Leila Rukhsana Sabah Waleed"),
            words(
                "Ahmed Chaudhry Haddad Hussain Karimi Mansour Qureshi Rahman Saleh Siddiqui Yilmaz Zaman Baig Demir Farooqi Ghani Iqbal Latif Nasser Tabrizi"
            )
        ),
        (
            words("Anjali Dev Gurpreet Ishaan Kavya Meera Nikhil Priya Rohan Simran Tara Vikram Bhavna Chetan Divya Harjit Jaya Lakshmi Om Sunil"),
            words("Bhatt Chandra Desai Gill Iyer Kaur Mehta Nair Patel Rao Sandhu Sharma Bose Dhillon Fernandes Joshi Kulkarni Menon Reddy Verma")
        ),
        (
            words("Adaeze Chidi Efua Femi Kwame Nora Priscilla Sade Tunde Wanjiru Zola Abena Baraka Dayo Esi Gugu Ifeoma Kofi Lindiwe Olu"),
            words("Abara Adeyemi Asante Boateng Diallo Kamau Mbeki Mensah Ndlovu Okafor Okonjo Sesay Achebe Banda Dlamini Eze Gakuru Kanu Osei Toure")
        ),
        (
            words("Beatriz Carlos Elena Inês Javier Lucía Mateo Paula Rafael Ruth Sofia Tomás Adriana Bruno Diego Fabio Graciela Ignacio Pilar Vera"),
            words(
                """
                Almeida Castellanos Duarte Fonseca Herrera Ibáñez Marchetti Moreno Pacheco Romano Serrano Vidal Barros Conti Esposito Gallego Lobo Nunes
                Quintana Teixeira
                """)
        ),
        (
            words(
                "Agnieszka Bogdan Danuta Ivana Jakub Katarina Marek Oksana Petra Radu Tomasz Zofia Andrei Blanka Emilia Grigor Ludmila Milan Stefan Vesna"
            ),
            words(
                """
                Dvořák Horvat Ionescu Jankowski Kovač Lewandowski Novak Petrov Shevchenko Szabó Wójcik Bielak Dragan Fiala Gruber Kocsis Mazur Popescu
                Sikora Zelenka
                """)
        ),
        (
            words(
                "Anneliese Astrid Emil Freja Henrik Ingrid Jonas Lotte Matthias Saskia Sven Ulrike Bram Dagmar Elke Gustav Hilde Karl Maarten Sigrid"),
            words(
                "Bergström Dahl Eriksen Hofmann Jansen Lindqvist Nyström Sørensen Vogel Weiss Aalto Brandt Claes Fischer Holm Kruse Meijer Roth Sandberg Thorsen"
            )
                + ["de Vries", "van Dijk"]
        ),
        (
            words("Bao Hana Jia Kenji Linh Mei Minh Seo-yeon Xiu Yuki Zhen Akira Chau Duc Fumiko Haruto Kaori Lan Ren Tomoko") + ["Wen Li"],
            words("Arai Chen Fujita Huang Kim Lam Nakano Nguyen Park Tan Tran Zhao Dang Goto Ito Kwon Liang Mori Sato Yoon")
        ),
        (
            words(
                "Amélie Bastien Camille Élodie Hugo Manon Mathis Noémie Océane Rémi Solène Thibault Anaïs Cyril Félix Gwenaëlle Joël Lucile Pascal Yvette"
            ),
            words(
                """
                Aubert Blanchard Carpentier Delacroix Fournier Girard Lemaire Marchand Perrin Renaud Tessier Vasseur Berthier Chevalier Duval Guérin
                Jacquet Lefort Moulin Salomon
                """)
        ),
    ]

    private static func words(_ text: String) -> [String] { text.split(whereSeparator: \.isWhitespace).map(String.init) }

    /// Which group a person of a country is probably of: each as often as its weight.
    static let drawnGB: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5, 6, 7, 7, 8]
    static let drawnFR: [UInt8] = [8, 8, 8, 8, 8, 8, 1, 3, 4, 7, 0]

    /// A name in the letters that addresses of e-mail take: `ines`, `van-dijk`.
    static func plain(_ name: String) -> String {
        var out = ""
        for letter in name.lowercased() {
            switch letter {
            case "a"..."z": out.append(letter)
            case "á", "à", "ã", "ä", "å": out.append("a")
            case "é", "è", "ê", "ë": out.append("e")
            case "í", "ì", "î", "ï": out.append("i")
            case "ó", "ö", "ø", "ô": out.append("o")
            case "ú", "ü": out.append("u")
            case "č", "ç": out.append("c")
            case "ř": out.append("r")
            case "ñ": out.append("n")
            case " ", "-": out.append("-")
            default: break
            }
        }
        return out
    }

    /// A name as it is written by somebody in a hurry: two letters swapped, one left out or one twice. The first letter stays.
    static func misspelt(_ name: String, by chance: UInt32) -> String {
        var letters = Array(name)
        guard letters.count > 3 else { return name + String(letters[letters.count - 1]) }
        let at = 1 + Int(chance / 3) % (letters.count - 2)
        switch chance % 3 {
        case 0 where letters[at] != letters[at + 1]: letters.swapAt(at, at + 1)
        case 1: letters.remove(at: at)
        default: letters.insert(letters[at], at: at)
        }
        return String(letters)
    }
}
