use super::*;
use crate::patch::PatchErrorKind;

/// Patches `<doc xmlns="http://hl7.org/fhir">…</doc>` by operations; expects what is between its tags, or an error.
#[track_caller]
fn check(inside: &str, operations: &str, expected: Result<&str, &str>) {
    let patch = format!("<diff xmlns:p='urn:p'>{operations}</diff>");
    let document = format!("<doc xmlns=\"http://hl7.org/fhir\">{inside}</doc>");
    let found = XmlPatch::parse(patch.as_bytes()).and_then(|patch| patch.apply(&document));
    let empty = "<doc xmlns=\"http://hl7.org/fhir\"/>";
    let expected = expected.map(|inside| {
        if inside.is_empty() { empty.to_owned() } else { document.replace(&*between(&document), inside) }
    });
    assert_eq!(found.map_err(|error| error.to_string()), expected.map_err(str::to_owned), "{operations}");
}

fn between(document: &str) -> String {
    let from = document.find('>').unwrap() + 1;
    document[from..document.rfind("</").unwrap()].to_owned()
}

#[test]
fn selectors() {
    let doc = "<a value=\"1\"/><b><c value=\"x\"/></b><b id=\"2\"><c value=\"y\"/>t<!--n--></b>";
    for (selector, expected) in [
        ("f:doc/f:a", "<b><c value=\"x\"/></b><b id=\"2\"><c value=\"y\"/>t<!--n--></b>"),
        // Names without prefix are FHIR's where the patch has no default namespace.
        ("/doc/a", "<b><c value=\"x\"/></b><b id=\"2\"><c value=\"y\"/>t<!--n--></b>"),
        ("/f:doc/f:b[2]", "<a value=\"1\"/><b><c value=\"x\"/></b>"),
        ("/f:doc/*[3]", "<a value=\"1\"/><b><c value=\"x\"/></b>"),
        ("/f:doc/f:b[@id]", "<a value=\"1\"/><b><c value=\"x\"/></b>"),
        ("/f:doc/f:b[@id = \"2\"]", "<a value=\"1\"/><b><c value=\"x\"/></b>"),
        ("/f:doc/f:b[ ./f:c/@value='x' ]", "<a value=\"1\"/><b id=\"2\"><c value=\"y\"/>t<!--n--></b>"),
        ("/f:doc/f:b[f:c][2]", "<a value=\"1\"/><b><c value=\"x\"/></b>"),
        ("/f:doc/f:b[.='t']", "<a value=\"1\"/><b><c value=\"x\"/></b>"),
        ("/f:doc/f:b[text()='t']", "<a value=\"1\"/><b><c value=\"x\"/></b>"),
        (
            "/f:doc/f:b[2]/text()",
            "<a value=\"1\"/><b><c value=\"x\"/></b><b id=\"2\"><c value=\"y\"/><!--n--></b>",
        ),
        ("/f:doc/f:b/comment()", "<a value=\"1\"/><b><c value=\"x\"/></b><b id=\"2\"><c value=\"y\"/>t</b>"),
        ("/f:doc/f:b/@id", "<a value=\"1\"/><b><c value=\"x\"/></b><b><c value=\"y\"/>t<!--n--></b>"),
        ("/f:doc/f:b[2]/f:c[1]", "<a value=\"1\"/><b><c value=\"x\"/></b><b id=\"2\">t<!--n--></b>"),
    ] {
        let selector = selector.replace('"', "&quot;");
        check(doc, &format!("<remove sel=\"{selector}\"/>"), Ok(expected));
    }
    for (selector, expected) in [
        ("/f:doc/f:b", "the selector names 2 nodes: one is needed, say by a position as in f:name[1]"),
        ("/f:doc/f:b/f:c[1]", "the selector names 2 nodes: one is needed, say by a position as in f:name[1]"),
        ("/f:doc/f:b[3]", "the selector names nothing in this resource"),
        ("/f:doc/f:b[0]", "the selector names nothing in this resource"),
        ("/p:doc", "the selector names nothing in this resource"),
        ("/f:doc", "the whole resource is not removed by a patch: delete it"),
    ] {
        check(
            doc,
            &format!("<remove sel=\"{selector}\"/>"),
            Err(&format!("operation[0] (remove): {expected}")),
        );
    }
}

#[test]
fn what_is_no_selector() {
    for (selector, place, expected) in [
        ("", 1, "a name is expected"),
        ("/", 2, "a name is expected"),
        ("//f:a", 2, "a name is expected"),
        ("f:doc/", 7, "a name is expected"),
        ("f:doc[", 7, "a name is expected"),
        ("f:doc[1", 8, "']' is expected"),
        ("f:doc[99999999999999999999]", 7, "this number is too large"),
        ("f:doc[f:a='x]", 12, "this text has no end"),
        ("f:doc[f:a=x]", 11, "a text in quotes is expected"),
        ("f:doc/f:a or f:b", 10, "what follows is no step"),
        ("f:doc/@a/f:b", 9, "what follows is no step"),
        ("f:doc/last()", 11, "of functions text() and comment() are known"),
        ("f:doc/child::a", 12, "this axis is not known here"),
        ("@a", 3, "it begins with the outermost element: /f:Patient"),
    ] {
        let expected = format!(
            "the patch: operation[0]: the selector is not understood at its character {place}: {expected}"
        );
        check("", &format!("<remove sel=\"{selector}\"/>"), Err(&expected));
    }
    check(
        "",
        "<remove sel='x:doc'/>",
        Err("the patch: operation[0]: no namespace is declared for the prefix 'x'"),
    );
}

#[test]
fn operations() {
    for (inside, operation, expected) in [
        (
            "<a/>",
            "<add sel='f:doc'><b value='1'/></add>",
            "<a/><b xmlns=\"http://hl7.org/fhir\" value=\"1\"/>",
        ),
        ("<a/>", "<add sel='f:doc' pos='prepend'>x</add>", "x<a/>"),
        (
            "<a/><c/>",
            "<add sel='f:doc/f:c' pos='before'><f:b xmlns:f='http://hl7.org/fhir'/></add>",
            "<a/><b xmlns=\"http://hl7.org/fhir\"/><c/>",
        ),
        ("<a/>x<c/>", "<add sel='f:doc/f:a' pos='after'>y</add>", "<a/>yx<c/>"),
        ("<a/>x<c/>", "<add sel='f:doc/text()[1]' pos='after'><!--z--></add>", "<a/>x<!--z--><c/>"),
        (
            "<a/>",
            "<add sel='f:doc/f:a' type='@value'>1 &lt; \"2\"</add>",
            "<a value=\"1 &lt; &quot;2&quot;\"/>",
        ),
        ("<a/>", "<add sel='f:doc/f:a' type='@p:b'>1</add>", "<a xmlns:p=\"urn:p\" p:b=\"1\"/>"),
        ("<a/>", "<add sel='f:doc/f:a' type='namespace::q'>urn:q</add>", "<a xmlns:q=\"urn:q\"/>"),
        (
            "<a/><b/>",
            "<replace sel='f:doc/f:a'> <c value='1'/> </replace>",
            "<c xmlns=\"http://hl7.org/fhir\" value=\"1\"/><b/>",
        ),
        ("<a value='1'/>", "<replace sel='f:doc/f:a/@value'>2</replace>", "<a value=\"2\"/>"),
        ("<a>x</a>", "<replace sel='f:doc/f:a/text()'>y</replace>", "<a>y</a>"),
        ("<a>x</a>", "<replace sel='f:doc/f:a/text()'/>", "<a/>"),
        ("<a/><!--x-->", "<replace sel='f:doc/comment()'><!--y--></replace>", "<a/><!--y-->"),
        (
            "<a xmlns:q='urn:q'/>",
            "<replace sel='f:doc/f:a/namespace::q'>urn:r</replace>",
            "<a xmlns:q=\"urn:r\"/>",
        ),
        ("<a xmlns:q='urn:q'/>", "<remove sel='f:doc/f:a/namespace::q'/>", "<a/>"),
        ("<a/> <b/> <c/>", "<remove sel='f:doc/f:b' ws='before'/>", "<a/> <c/>"),
        ("<a/> <b/>\n<c/>", "<remove sel='f:doc/f:b' ws='both'/>", "<a/><c/>"),
        ("<a/>x<b/>y<c/>", "<remove sel='f:doc/f:b' ws='both'/>", "<a/>xy<c/>"),
        ("<a/>", "<remove sel='f:doc/f:a'/>", ""),
        ("<a/>", "<!-- c --> <add sel='f:doc'><b/></add> <remove sel='f:doc/f:b'/>", "<a/>"),
    ] {
        check(inside, operation, Ok(expected));
    }
}

#[test]
fn what_cannot_be_done() {
    for (operation, expected) in [
        (
            "<add sel='f:doc/f:a' type='@value'>2</add>",
            "(add): the element has this attribute already: replace it",
        ),
        ("<add sel='f:doc/f:a/@value'>2</add>", "(add): nothing can be added to what the selector names"),
        ("<add sel='f:doc' pos='before'><b/></add>", "(add): nothing stands beside the outermost element"),
        ("<replace sel='f:doc/f:a'/>", "(replace): an element is replaced by one element"),
        ("<replace sel='f:doc/f:a'><b/><c/></replace>", "(replace): an element is replaced by one element"),
        (
            "<replace sel='f:doc/f:a/@value'><b/></replace>",
            "(replace): what is named is replaced by text and nothing else",
        ),
    ] {
        check("<a value='1'/>", operation, Err(&format!("operation[0] {expected}")));
    }
    for (operation, expected) in [
        ("", "an XML Patch has at least one of the elements add, replace and remove"),
        ("x", "text between the operations"),
        ("<move sel='f:doc'/>", "operation[0]: an operation is one of add, replace and remove"),
        ("<remove/>", "operation[0]: the attribute 'sel' is needed"),
        ("<add sel='f:doc' pos='inside'/>", "operation[0]: 'pos' is one of prepend, before and after"),
        ("<add sel='f:doc' type='value'/>", "operation[0]: 'type' is as @name or namespace::prefix"),
        ("<remove sel='f:doc' ws='all'/>", "operation[0]: 'ws' is one of before, after and both"),
    ] {
        check("", operation, Err(&format!("the patch: {expected}")));
    }
}

#[test]
fn depth_is_bounded() {
    let deep = format!("{}{}", "<a>".repeat(200), "</a>".repeat(200));
    let path = |times: usize| format!("doc{}", "/a".repeat(200 * times));
    let operations: String = (0..4).map(|times| format!("<add sel='{}'>{deep}</add>", path(times))).collect();
    let patch = XmlPatch::parse(format!("<diff>{operations}</diff>").as_bytes()).unwrap();
    let error = patch.apply("<doc xmlns='http://hl7.org/fhir'/>").unwrap_err();
    assert_eq!(error.to_string(), "operation[2] (add): nested more than 512 levels deep");
    assert_eq!(error.kind, PatchErrorKind::NotApplicable);
}
