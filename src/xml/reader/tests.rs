use super::*;

/// What a document consists of, in one line; or its error.
fn events(text: &str) -> std::result::Result<String, String> {
    let read = || {
        let mut reader = Reader::document(text)?;
        let mut found = Vec::new();
        let mut next = Some(Event::Start(reader.root()?));
        while let Some(event) = next.take() {
            found.push(match event {
                Event::Start(start) => {
                    let namespace = reader.namespaces().find(start.prefix).unwrap_or("-");
                    let attributes =
                        reader.attributes().iter().filter(|attribute| !attribute.is_declaration());
                    let attributes: String =
                        attributes.map(|a| format!(" {}:{}={}", a.prefix, a.name, a.raw)).collect();
                    format!("<{}({namespace}){attributes}", start.name)
                }
                Event::End(raw) => raw.unwrap_or("/>").to_owned(),
                Event::Text(text) => format!("{text:?}"),
                Event::CharacterData(text) => format!("[{text}]"),
                Event::Comment(raw) => raw.to_owned(),
                Event::Instruction => "?".to_owned(),
            });
            if reader.depth() > 0 {
                next = Some(reader.next()?);
            }
        }
        reader.finish()?;
        Ok(found.join(" "))
    };
    read().map_err(|error: XmlError| error.to_string())
}

#[test]
fn documents() {
    for (text, expected) in [
        ("<a/>", "<a(-) />"),
        ("\u{feff}<?xml version='1.0'?>\n<!-- x --><?y z?><a></a><!---->\n<?y?>", "<a(-) </a>"),
        ("<?xml version=\"1.0\" encoding=\"utf-8\" standalone='yes' ?><a/>", "<a(-) />"),
        ("<a>\n x &amp; y<![CDATA[<&]]></a >", "<a(-) \"\\n x &amp; y\" [<&] </a >"),
        ("<a b = 'c\"' d=\"e'\"\n/>", "<a(-) :b=c\" :d=e' />"),
        ("<a xmlns='u'><b xmlns='v'><c/></b><b/></a>", "<a(u) <b(v) <c(v) /> </b> <b(u) /> </a>"),
        ("<p:a xmlns:p='u'><b p:c='1' c='2'/></p:a>", "<a(u) <b(-) p:c=1 :c=2 /> </p:a>"),
        ("<a xmlns='u'><b xmlns=''/></a>", "<a(u) <b() /> </a>"),
        ("<a xml:lang='en'><!-- - --><?p x?></a>", "<a(-) xml:lang=en <!-- - --> ? </a>"),
        ("<naïve ü='1'/>", "<naïve(-) :ü=1 />"),
    ] {
        assert_eq!(events(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn not_well_formed() {
    let many = format!("<a {}/>", (0..65).map(|i| format!("a{i}='' ")).collect::<String>());
    let deep = format!("<a>{}", "<b>".repeat(600));
    let declared: String = (0..3)
        .map(|i| format!("<a{}>", (0..30).map(|j| format!(" xmlns:p{i}n{j}='u'")).collect::<String>()))
        .collect();
    for (text, expected) in [
        ("", "no element at line 1, column 1"),
        ("x<a/>", "text before the first element at line 1, column 1"),
        ("<a/>\n<b/>", "something follows the end of the first element at line 2, column 1"),
        ("<a/>x", "something follows the end of the first element at line 1, column 5"),
        ("<a>", "<a> is not closed at line 1, column 4"),
        ("<a>x", "<a> is not closed at line 1, column 5"),
        ("<a>\n é</b>", "</b> where <a> is open at line 2, column 3"),
        ("</a>", "</a> where nothing is open at line 1, column 1"),
        ("<a></a", "'>' is missing at line 1, column 7"),
        ("<a b/>", "'=' is missing at line 1, column 5"),
        ("<a b=c/>", "the value of an attribute must be quoted at line 1, column 6"),
        ("<a b='c/>", "this attribute has no end at line 1, column 4"),
        ("<a b='<'/>", "'<' must not stand in an attribute at line 1, column 7"),
        ("<a b='1'c='2'/>", "'>' or white space is missing at line 1, column 9"),
        ("<a b='1' b='2'/>", "attribute 'b' is given twice at line 1, column 10"),
        ("<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>", "attribute 'b' is given twice at line 1, column 35"),
        (
            "<a b='&nbsp;'/>",
            "only the entities &amp; &lt; &gt; &quot; and &apos; are known at line 1, column 7",
        ),
        ("<a>&#x1;</a>", "this number is no character of XML at line 1, column 4"),
        ("<a>a & b</a>", "'&' begins no reference to a character at line 1, column 6"),
        ("<a>]]></a>", "']]>' must not stand in text at line 1, column 4"),
        ("<a>\u{1}</a>", "a character that XML does not allow at line 1, column 4"),
        ("<a><!-- -- --></a>", "'--' must not stand in a comment at line 1, column 9"),
        ("<a><!-- </a>", "this comment has no end at line 1, column 4"),
        ("<a><![CDATA[x]]</a>", "this <![CDATA[ has no ]]> at line 1, column 4"),
        ("<a><?x </a>", "this processing instruction has no end at line 1, column 4"),
        ("<a><?xml version='1.0'?></a>", "<?xml …?> must stand at the very start at line 1, column 4"),
        ("<a><?p:x?></a>", "not a processing instruction at line 1, column 4"),
        (" <?xml version='1.0'?><a/>", "<?xml …?> must stand at the very start at line 1, column 2"),
        ("<?xml version='1.1'?><a/>", "FHIR is XML 1.0 in UTF-8 at line 1, column 7"),
        ("<?xml version='1.0' encoding='latin1'?><a/>", "FHIR is XML 1.0 in UTF-8 at line 1, column 21"),
        ("<?xml encoding='UTF-8' version='1.0'?><a/>", "FHIR is XML 1.0 in UTF-8 at line 1, column 24"),
        ("<?xml encoding='UTF-8'?><a/>", "not an XML declaration at line 1, column 1"),
        ("<!DOCTYPE a><a/>", "document types (DTDs) and entities are not allowed at line 1, column 1"),
        ("<a><!ENTITY b 'c'></a>", "a name was expected at line 1, column 5"),
        ("<p:a/>", "no namespace is declared for 'p:' at line 1, column 1"),
        ("<a p:b=''/>", "no namespace is declared for 'p:' at line 1, column 4"),
        ("<a:b:c xmlns:a='u'/>", "a name has a prefix, one colon and a local name at line 1, column 1"),
        ("<a xmlns:p=''/>", "a prefix must stand for a namespace at line 1, column 4"),
        ("<a xmlns:xml='u'/>", "this namespace is reserved at line 1, column 4"),
        ("<xmlns:a/>", "the prefix 'xmlns' is for declarations at line 1, column 1"),
        (&many, "too many attributes at line 1, column 442"),
        (&deep, "nested more than 512 levels deep at line 1, column 1537"),
        (&declared, "too many namespaces are declared at line 1, column 1010"),
    ] {
        assert_eq!(events(text).unwrap_err(), expected, "{text:.60}");
    }
}
