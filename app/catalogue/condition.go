package catalogue

import (
	"slices"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"
)

// costLimit ends a condition that would keep a page waiting. A plain comparison costs
// about five.
const costLimit = 20_000

// language is what conditions are written in.
var language = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable("entity_type", cel.StringType),
		cel.Variable("country", cel.StringType),
		cel.Variable("countries", cel.ListType(cel.StringType)),
		cel.Variable("sites", cel.IntType),
		cel.Variable("activities", cel.ListType(cel.StringType)),
		cel.Variable("answers", cel.MapType(cel.StringType, cel.StringType)),
		cel.ParserRecursionLimit(50),
		cel.ParserExpressionSizeLimit(1000),
	)
})

// condition is one expression, ready to be asked.
type condition struct {
	reads    []string // questions, each once
	compared []comparison
	program  cel.Program
}

// comparison is a value that the expression knows a name to have: what is misspelt would
// never be true.
type comparison struct{ variable, question, value string }

// compiled are the conditions read so far, by their text: editions that follow each other
// share most of theirs.
var compiled sync.Map

// compileCondition reads an expression; reason says what is wrong with it.
func compileCondition(text string) (c *condition, reason string) {
	if known, ok := compiled.Load(text); ok {
		return known.(*condition), ""
	}
	c, reason = newCondition(text)
	if reason == "" {
		compiled.Store(text, c)
	}
	return c, reason
}

func newCondition(text string) (c *condition, reason string) {
	env, err := language()
	if err != nil {
		return nil, err.Error()
	}
	tree, issues := env.Compile(text)
	if issues.Err() != nil {
		var first []string
		for _, e := range issues.Errors() {
			first = append(first, e.Message)
		}
		return nil, strings.Join(first, "; ")
	}
	if !tree.OutputType().IsExactType(cel.BoolType) {
		return nil, "this is " + tree.OutputType().String() + ", and should be true or false"
	}
	c = &condition{}
	root := ast.NavigateAST(tree.NativeRep())
	for _, name := range ast.MatchDescendants(root, ast.KindMatcher(ast.IdentKind)) {
		if name.AsIdent() != "answers" {
			continue
		}
		parent, _ := name.Parent()
		id, ok := answerOf(parent)
		if !ok {
			return nil, `write answers["question id"], for the portal must know which questions a condition reads`
		}
		if !slices.Contains(c.reads, id) {
			c.reads = append(c.reads, id)
		}
	}
	for _, call := range ast.MatchDescendants(root, ast.KindMatcher(ast.CallKind)) {
		c.compare(call.AsCall())
	}
	c.program, err = env.Program(tree, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costLimit))
	if err != nil {
		return nil, err.Error()
	}
	return c, ""
}

// answerOf reads answers["id"].
func answerOf(e ast.Expr) (id string, ok bool) {
	if e == nil || e.Kind() != ast.CallKind || e.AsCall().FunctionName() != operators.Index {
		return "", false
	}
	args := e.AsCall().Args()
	if args[0].Kind() != ast.IdentKind || args[0].AsIdent() != "answers" {
		return "", false
	}
	return literal(args[1])
}

func literal(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// compare notes the values of a ==, != or in.
func (c *condition) compare(call ast.CallExpr) {
	args := call.Args()
	switch call.FunctionName() {
	case operators.Equals, operators.NotEquals:
		c.pair(args[0], args[1])
		c.pair(args[1], args[0])
	case operators.In:
		if args[1].Kind() == ast.ListKind {
			for _, item := range args[1].AsList().Elements() {
				c.pair(args[0], item)
			}
		}
		if args[1].Kind() == ast.IdentKind {
			c.pair(args[1], args[0])
		}
	}
}

func (c *condition) pair(name, value ast.Expr) {
	text, ok := literal(value)
	if !ok {
		return
	}
	if id, ok := answerOf(name); ok {
		c.compared = append(c.compared, comparison{question: id, value: text})
	} else if name.Kind() == ast.IdentKind {
		c.compared = append(c.compared, comparison{variable: name.AsIdent(), value: text})
	}
}

// holds asks the condition. One that cannot be answered counts as true: a question too
// many does less harm than one that nobody saw.
func (c *condition) holds(r *reading) bool {
	out, _, err := c.program.Eval(r)
	if err != nil {
		return true
	}
	b, ok := out.(types.Bool)
	return !ok || bool(b)
}

// reading gives a condition its variables.
type reading struct {
	facts   *Facts
	answers map[string]string
}

// ResolveName implements cel.Activation.
func (r *reading) ResolveName(name string) (any, bool) {
	switch name {
	case "answers":
		return r.answers, true
	case "entity_type":
		return r.facts.EntityType, true
	case "country":
		return r.facts.Country, true
	case "countries":
		return r.facts.Countries, true
	case "sites":
		return int64(r.facts.Sites), true
	case "activities":
		return r.facts.Activities, true
	}
	return nil, false
}

// Parent implements cel.Activation.
func (r *reading) Parent() cel.Activation { return nil }

// place is a criterion of an edition, or one of its questions.
type place struct{ criterion, question int } // question -1: the criterion itself

// step is a place that counts under a condition.
type step struct {
	place
	condition int // in rules.conditions
}

// rules are the conditions of an edition.
type rules struct {
	conditions []*condition
	steps      []step // each after those it depends on
}

// compile reads every condition, and orders them so that each is asked after what it
// reads. One that depends on its own result is reported.
func (e *Edition) compile(bad func(path []any, format string, args ...any)) *rules {
	var (
		r       = &rules{}
		known   = map[string]int{} // expression to its condition, -1 for a broken one
		pending = map[place]int{}
		home    = map[string]place{}
		order   []place
	)
	read := func(text string, p place, path ...any) {
		home := append([]any{"criteria", p.criterion}, path...)
		if text == "" {
			return
		}
		i, ok := known[text]
		if !ok {
			c, reason := compileCondition(text)
			i = len(r.conditions)
			if reason != "" {
				bad(home, "the condition cannot be used: %s", reason)
				i = -1
			} else {
				r.conditions = append(r.conditions, c)
			}
			known[text] = i
		}
		if i >= 0 {
			pending[p] = i
			order = append(order, p)
		}
	}
	for i, c := range e.Criteria {
		read(c.When, place{i, -1}, "when")
		for j, q := range c.Questions {
			home[q.ID] = place{i, j}
			read(q.When, place{i, j}, "questions", j, "when")
		}
	}
	const begun, done = 1, 2
	state := map[place]int{}
	var visit func(p place, via []place)
	visit = func(p place, via []place) {
		switch state[p] {
		case done:
			return
		case begun:
			bad(e.pathOf(p), "the condition depends on its own result: %s", e.circle(append(via, p)))
			return
		}
		state[p] = begun
		via = append(via, p)
		if p.question >= 0 {
			visit(place{p.criterion, -1}, via)
		}
		if i, ok := pending[p]; ok {
			for _, id := range r.conditions[i].reads {
				if q, ok := home[id]; ok {
					visit(q, via)
				}
			}
			r.steps = append(r.steps, step{p, i})
		}
		state[p] = done
	}
	for _, p := range order {
		visit(p, nil)
	}
	return r
}

func (e *Edition) pathOf(p place) []any {
	if p.question < 0 {
		return []any{"criteria", p.criterion, "when"}
	}
	return []any{"criteria", p.criterion, "questions", p.question, "when"}
}

// circle names the part of a way that comes back to where it began.
func (e *Edition) circle(way []place) string {
	last := way[len(way)-1]
	way = way[slices.Index(way, last):]
	names := make([]string, len(way))
	for i, p := range way {
		names[i] = e.Criteria[p.criterion].ID
		if p.question >= 0 {
			names[i] = e.Criteria[p.criterion].Questions[p.question].ID
		}
	}
	return strings.Join(names, " → ")
}
