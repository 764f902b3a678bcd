//! From tokens to the compiled tree (FHIRPath §6.8 for precedence, appendix B for the grammar).

use super::expression::{Call, Expr, Name, Operator, Sign, SortKey, TypeName, Variable};
use super::function::Function;
use super::lexer::{Lexer, ParseError, Token};
use super::node::System;
use super::pattern;
use super::quantity::{Quantity, Unit};
use super::temporal::Calendar;

/// How deep an expression may be: brackets in brackets, and steps of one path.
pub const MAX_DEPTH: usize = 100;

/// Longest expression, in bytes. The longest one published for R4 has under 3,000.
pub const MAX_LENGTH: usize = 64 * 1024;

/// Reads a whole text as one expression.
pub fn parse(text: &str) -> Result<Expr, ParseError> {
    if text.len() > MAX_LENGTH {
        let message = format!("expression longer than {MAX_LENGTH} bytes");
        return Err(ParseError { message, position: MAX_LENGTH });
    }
    let mut lexer = Lexer::new(text);
    let (token, position) = lexer.next()?;
    let mut parser = Parser { lexer, token, position, depth: 0, defines: false };
    let tree = parser.scoped(0)?;
    match parser.token {
        Token::End => Ok(tree.expr),
        _ => parser.error("an operator or the end is expected"),
    }
}

/// A tree and how deep it is.
struct Tree {
    expr: Expr,
    depth: usize,
}

impl From<Expr> for Tree {
    fn from(expr: Expr) -> Tree {
        Tree { expr, depth: 1 }
    }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    token: Token<'t>,
    position: usize,
    depth: usize,
    /// Whether a `defineVariable()` came up in the part being read.
    defines: bool,
}

/// How tightly the unary signs bind.
const SIGN: u8 = 11;

/// An operator between two expressions.
enum Infix {
    Is,
    As,
    Union,
    And,
    Or,
    Binary(Operator),
}

/// The operator a token is, and how tightly it binds.
fn infix(token: &Token<'_>) -> Option<(Infix, u8)> {
    use Operator::*;
    let (operator, precedence) = match *token {
        Token::Word(word) => match word {
            "implies" => (Implies, 1),
            "or" => return Some((Infix::Or, 2)),
            "xor" => (Xor, 2),
            "and" => return Some((Infix::And, 3)),
            "in" => (In, 4),
            "contains" => (Contains, 4),
            "is" => return Some((Infix::Is, 8)),
            "as" => return Some((Infix::As, 8)),
            "div" => (Div, 10),
            "mod" => (Mod, 10),
            _ => return None,
        },
        Token::Symbol(symbol) => match symbol {
            "=" => (Equal, 5),
            "!=" => (NotEqual, 5),
            "~" => (Equivalent, 5),
            "!~" => (NotEquivalent, 5),
            "<" => (Less, 6),
            "<=" => (LessOrEqual, 6),
            ">" => (Greater, 6),
            ">=" => (GreaterOrEqual, 6),
            "|" => return Some((Infix::Union, 7)),
            "+" => (Plus, 9),
            "-" => (Minus, 9),
            "&" => (Concatenate, 9),
            "*" => (Multiply, 10),
            "/" => (Divide, 10),
            _ => return None,
        },
        _ => return None,
    };
    Some((Infix::Binary(operator), precedence))
}

type Parsed<T> = Result<T, ParseError>;

impl Parser<'_> {
    fn error<T>(&self, message: impl Into<String>) -> Parsed<T> {
        Err(ParseError { message: message.into(), position: self.position })
    }

    fn advance(&mut self) -> Parsed<()> {
        (self.token, self.position) = self.lexer.next()?;
        Ok(())
    }

    fn skip(&mut self, symbol: &str) -> Parsed<bool> {
        let found = self.token == Token::Symbol(symbol_of(symbol));
        if found {
            self.advance()?;
        }
        Ok(found)
    }

    fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.skip(symbol)? { Ok(()) } else { self.error(format!("'{symbol}' is expected")) }
    }

    fn checked(&self, expr: Expr, depth: usize) -> Parsed<Tree> {
        if depth > MAX_DEPTH {
            return self.error(format!("expression deeper than {MAX_DEPTH} levels"));
        }
        Ok(Tree { expr, depth })
    }

    /// An expression that forgets at its end the variables defined in it.
    fn scoped(&mut self, precedence: u8) -> Parsed<Tree> {
        let outside = std::mem::replace(&mut self.defines, false);
        let mut tree = self.expression(precedence)?;
        if std::mem::replace(&mut self.defines, outside) {
            tree.expr = Expr::Scoped(Box::new(tree.expr));
        }
        Ok(tree)
    }

    /// An expression of operators that bind more tightly than `precedence`.
    fn expression(&mut self, precedence: u8) -> Parsed<Tree> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return self.error(format!("expression deeper than {MAX_DEPTH} levels"));
        }
        let outside = std::mem::replace(&mut self.defines, false);
        let mut left = self.signed()?;
        while let Some((operator, binding)) = infix(&self.token).filter(|(_, binding)| *binding > precedence)
        {
            self.advance()?;
            // What one side defines the other does not know.
            if std::mem::replace(&mut self.defines, false) {
                left.expr = Expr::Scoped(Box::new(left.expr));
            }
            left = match operator {
                Infix::Is | Infix::As => self.typed(left, operator)?,
                _ => {
                    let right = self.scoped(binding)?;
                    self.joined(left, operator, right)?
                }
            };
        }
        self.depth -= 1;
        self.defines |= outside;
        Ok(left)
    }

    /// `left is type`, `left as type`.
    fn typed(&mut self, left: Tree, operator: Infix) -> Parsed<Tree> {
        let name = self.type_name()?;
        let on = Box::new(left.expr);
        let is = matches!(operator, Infix::Is);
        self.checked(if is { Expr::Is(on, name) } else { Expr::As(on, name) }, left.depth + 1)
    }

    /// Two expressions with an operator between them. Chains of some lie flat: there are published unions of more than
    /// fifty paths.
    fn joined(&self, left: Tree, operator: Infix, right: Tree) -> Parsed<Tree> {
        let depth = left.depth.max(right.depth) + 1;
        let flat = left.depth.max(right.depth + 1);
        let with = |mut parts: Vec<Expr>, part| {
            parts.push(part);
            parts
        };
        match (operator, left.expr) {
            (Infix::Union, Expr::Union(parts)) => self.checked(Expr::Union(with(parts, right.expr)), flat),
            (Infix::And, Expr::And(parts)) => self.checked(Expr::And(with(parts, right.expr)), flat),
            (Infix::Or, Expr::Or(parts)) => self.checked(Expr::Or(with(parts, right.expr)), flat),
            (Infix::Union, left) => self.checked(Expr::Union(vec![left, right.expr]), depth),
            (Infix::And, left) => self.checked(Expr::And(vec![left, right.expr]), depth),
            (Infix::Or, left) => self.checked(Expr::Or(vec![left, right.expr]), depth),
            (Infix::Binary(operator), left) => {
                self.checked(Expr::Binary(operator, Box::new((left, right.expr))), depth)
            }
            (Infix::Is | Infix::As, left) => self.checked(left, depth),
        }
    }

    fn signed(&mut self) -> Parsed<Tree> {
        let sign = match self.token {
            Token::Symbol("+") => Sign::Plus,
            Token::Symbol("-") => Sign::Minus,
            _ => return self.path(),
        };
        self.advance()?;
        let operand = self.expression(SIGN)?;
        self.with_sign(sign, operand)
    }

    fn with_sign(&self, sign: Sign, operand: Tree) -> Parsed<Tree> {
        let expr = match (sign, operand.expr) {
            (Sign::Minus, Expr::Literal(System::Integer(value))) => Expr::Literal(System::Integer(-value)),
            (Sign::Minus, Expr::Literal(System::Decimal(value))) => Expr::Literal(System::Decimal(-value)),
            (_, operand) => Expr::Sign(Box::new(operand), sign),
        };
        self.checked(expr, operand.depth + 1)
    }

    /// A term and the steps after it.
    fn path(&mut self) -> Parsed<Tree> {
        let mut tree = self.term()?;
        loop {
            tree = match self.token {
                Token::Symbol(".") => self.step(tree)?,
                Token::Symbol("[") => self.indexed(tree)?,
                _ => return Ok(tree),
            };
        }
    }

    /// `.name` or `.function(…)`.
    fn step(&mut self, on: Tree) -> Parsed<Tree> {
        self.advance()?;
        let position = self.position;
        let Some(name) = self.name()? else { return self.error("a name is expected after '.'") };
        if self.skip("(")? {
            return self.call(on, &name, position);
        }
        self.checked(Expr::Member(Box::new(on.expr), Name::new(&name)), on.depth + 1)
    }

    /// `[index]`.
    fn indexed(&mut self, on: Tree) -> Parsed<Tree> {
        self.advance()?;
        let index = self.scoped(0)?;
        self.expect("]")?;
        let depth = on.depth.max(index.depth) + 1;
        self.checked(Expr::Item(Box::new(on.expr), Box::new(index.expr)), depth)
    }

    /// A name, if the token is one.
    fn name(&mut self) -> Parsed<Option<String>> {
        let name = match &self.token {
            Token::Word(word) => (*word).to_owned(),
            Token::Quoted(name) => name.clone().into_owned(),
            Token::Special(_) | Token::Literal(_) | Token::Variable(_) | Token::Symbol(_) | Token::End => {
                return Ok(None);
            }
        };
        self.advance()?;
        Ok(Some(name))
    }

    fn term(&mut self) -> Parsed<Tree> {
        match self.token {
            Token::Symbol("(") => {
                self.advance()?;
                let tree = self.expression(0)?;
                self.expect(")")?;
                Ok(tree)
            }
            Token::Word("true" | "false") | Token::Literal(_) | Token::Special(_) | Token::Variable(_) => {
                self.constant()
            }
            Token::Symbol("{") => {
                self.advance()?;
                self.expect("}")?;
                Ok(Expr::Empty.into())
            }
            _ => self.start(),
        }
    }

    /// A name or call at the start of a path.
    fn start(&mut self) -> Parsed<Tree> {
        let position = self.position;
        let Some(name) = self.name()? else { return self.error("an expression is expected") };
        if self.skip("(")? {
            return self.call(Expr::This.into(), &name, position);
        }
        Ok(Expr::Start(Name::new(&name)).into())
    }

    /// A literal, or one of `$this`, `%name` and their like.
    fn constant(&mut self) -> Parsed<Tree> {
        let position = self.position;
        let token = std::mem::replace(&mut self.token, Token::End);
        self.advance()?;
        let expr = match token {
            Token::Literal(value) => self.literal(value)?,
            Token::Word(word) => Expr::Literal(System::Boolean(word == "true")),
            Token::Special("this") => Expr::This,
            Token::Special("index") => Expr::Index,
            Token::Special("total") => Expr::Total,
            Token::Variable(name) => Expr::Variable(variable(&name)),
            _ => {
                return Err(ParseError {
                    message: "$this, $index or $total is expected".to_owned(),
                    position,
                });
            }
        };
        Ok(expr.into())
    }

    /// A number may be followed by its unit.
    fn literal(&mut self, value: System<'static>) -> Parsed<Expr> {
        let number = match value {
            System::Integer(number) => number.into(),
            System::Decimal(number) => number,
            value => return Ok(Expr::Literal(value)),
        };
        let unit = match &self.token {
            Token::Word(word) => Calendar::parse(word).map(Unit::Calendar),
            Token::Literal(System::String(code)) => Some(Unit::Ucum(code.clone())),
            _ => None,
        };
        let Some(unit) = unit else { return Ok(Expr::Literal(value)) };
        self.advance()?;
        Ok(Expr::Literal(System::Quantity(Box::new(Quantity { value: number, unit }))))
    }

    /// `Patient`, `FHIR.Patient`.
    fn type_name(&mut self) -> Parsed<TypeName> {
        let Some(first) = self.name()? else { return self.error("the name of a type is expected") };
        if !matches!(first.as_str(), "FHIR" | "System") || !self.skip(".")? {
            return Ok(TypeName { namespace: None, name: first.into() });
        }
        match self.name()? {
            Some(name) => Ok(TypeName { namespace: Some(first.into()), name: name.into() }),
            None => self.error("the name of a type is expected after its namespace"),
        }
    }

    /// A call whose opening bracket has been read.
    fn call(&mut self, on: Tree, name: &str, position: usize) -> Parsed<Tree> {
        let Some(function) = Function::parse(name) else {
            let shown: String = name.chars().take(40).collect();
            return Err(ParseError { message: format!("unknown function '{shown}'"), position });
        };
        match function {
            Function::Is | Function::As | Function::OfType => self.typed_call(on, function),
            Function::Sort => {
                let (keys, depth) = self.sort_keys()?;
                let depth = on.depth.max(depth) + 1;
                self.checked(Expr::Sort(Box::new(on.expr), keys), depth)
            }
            _ => {
                let (arguments, depth) = self.arguments(function, position)?;
                let depth = on.depth.max(depth) + 1;
                self.defines |= function == Function::DefineVariable;
                self.checked(call(on.expr, function, arguments), depth)
            }
        }
    }

    /// `is(type)`, `as(type)`, `ofType(type)`.
    fn typed_call(&mut self, on: Tree, function: Function) -> Parsed<Tree> {
        let of = self.type_name()?;
        self.expect(")")?;
        let (on, depth) = (Box::new(on.expr), on.depth + 1);
        let expr = match function {
            Function::Is => Expr::Is(on, of),
            Function::As => Expr::AsFunction(on, of),
            _ => Expr::OfType(on, of),
        };
        self.checked(expr, depth)
    }

    fn arguments(&mut self, function: Function, position: usize) -> Parsed<(Vec<Expr>, usize)> {
        let (mut arguments, mut depth) = (Vec::new(), 0);
        if !self.skip(")")? {
            loop {
                let argument = self.scoped(0)?;
                depth = depth.max(argument.depth);
                arguments.push(argument.expr);
                if self.skip(")")? {
                    break;
                }
                self.expect(",")?;
            }
        }
        let (least, most) = function.arity();
        if (least..=most).contains(&arguments.len()) {
            return Ok((arguments, depth));
        }
        let name = function.name();
        let message = match (least, most) {
            (0, 0) => format!("{name}() takes no arguments"),
            (1, 1) => format!("{name}() takes one argument"),
            (least, most) if least == most => format!("{name}() takes {least} arguments"),
            (least, most) => format!("{name}() takes {least} to {most} arguments"),
        };
        Err(ParseError { message, position })
    }

    /// Each key is an expression; a minus before it, or `desc` after it, turns the order round.
    fn sort_keys(&mut self) -> Parsed<(Vec<SortKey>, usize)> {
        let (mut keys, mut depth) = (Vec::new(), 0);
        if self.skip(")")? {
            return Ok((keys, depth));
        }
        loop {
            let key = self.scoped(0)?;
            depth = depth.max(key.depth);
            let (key, mut descending) = match key.expr {
                Expr::Sign(key, Sign::Minus) => (*key, true),
                key => (key, false),
            };
            if let Token::Word(word @ ("asc" | "desc")) = self.token {
                descending = word == "desc";
                self.advance()?;
            }
            keys.push(SortKey { key, descending });
            if self.skip(")")? {
                return Ok((keys, depth));
            }
            self.expect(",")?;
        }
    }
}

/// Calls whose pattern is a literal have it compiled now.
fn call(on: Expr, function: Function, arguments: Vec<Expr>) -> Expr {
    let pattern = match arguments.first() {
        Some(Expr::Literal(System::String(pattern))) => pattern.as_ref(),
        _ => return Expr::Call(Box::new(Call { on, function, arguments })),
    };
    match function {
        Function::Matches => Expr::Matches(Box::new(on), pattern::compile(pattern)),
        Function::MatchesFull => Expr::Matches(Box::new(on), pattern::compile_full(pattern)),
        Function::ReplaceMatches if !pattern.is_empty() => {
            let pattern = pattern::compile(pattern);
            let substitution = arguments.into_iter().nth(1).unwrap_or(Expr::Empty);
            Expr::ReplaceMatches(Box::new(on), pattern, Box::new(substitution))
        }
        _ => Expr::Call(Box::new(Call { on, function, arguments })),
    }
}

/// What a variable of that name stands for (FHIRPath §9, R4 §2.9.1.4).
fn variable(name: &str) -> Variable {
    let fixed = |text: &str| Variable::Fixed(text.into());
    match name {
        "context" => Variable::Context,
        "resource" => Variable::Resource,
        "rootResource" => Variable::RootResource,
        "sct" => fixed("http://snomed.info/sct"),
        "loinc" => fixed("http://loinc.org"),
        "ucum" => fixed("http://unitsofmeasure.org"),
        "us-zip" => fixed("[0-9]{5}(-[0-9]{4}){0,1}"),
        _ => {
            if let Some(value_set) = name.strip_prefix("vs-") {
                return fixed(&format!("http://hl7.org/fhir/ValueSet/{value_set}"));
            }
            if let Some(extension) = name.strip_prefix("ext-") {
                return fixed(&format!("http://hl7.org/fhir/StructureDefinition/{extension}"));
            }
            Variable::Named(name.into())
        }
    }
}

/// The lexer's own text of a symbol.
fn symbol_of(symbol: &str) -> &'static str {
    match symbol {
        "(" => "(",
        ")" => ")",
        "[" => "[",
        "]" => "]",
        "}" => "}",
        "." => ".",
        "," => ",",
        _ => "",
    }
}
