"""Ad-hoc commands (XEP-0050) as a client runs them."""

from xml.sax.saxutils import quoteattr, escape

from person import STANZAS
from servers import DOMAIN

COMMANDS = "http://jabber.org/protocol/commands"
DATA = "jabber:x:data"


class Refused(Exception):
    """The component has answered with an error."""

    def __init__(self, iq):
        error = iq.find("{jabber:client}error")
        self.condition = next(c.tag.split("}")[1] for c in error if c.tag.startswith(f"{{{STANZAS}}}"))
        self.specific = [c.tag.split("}")[1] for c in error if c.tag.startswith(f"{{{COMMANDS}}}")]
        text = error.find(f"{{{STANZAS}}}text")
        self.text = text.text if text is not None else None
        super().__init__(f"{self.condition}: {self.text}")


class Command:
    """One call of a command; what came last is in `fields` (each a list of values), `options`, `note` and `status`."""

    def __init__(self, person, node):
        self.person, self.node, self.session = person, node, None
        self.send("execute")

    def send(self, action, fields=None):
        session = f" sessionid={quoteattr(self.session)}" if self.session else ""
        form = ""
        if fields is not None:
            form = f"<x xmlns='{DATA}' type='submit'>" + "".join(
                f"<field var={quoteattr(var)}>" + "".join(
                    f"<value>{escape(value)}</value>" for value in ([values] if isinstance(values, str) else values))
                + "</field>" for var, values in fields.items()) + "</x>"
        answer = self.person.ask("set", f"<command xmlns='{COMMANDS}' node={quoteattr(self.node)} action='{action}'{session}>"
                                        f"{form}</command>")
        if answer.get("type") == "error":
            raise Refused(answer)
        command = answer.find(f"{{{COMMANDS}}}command")
        self.status, self.session = command.get("status"), command.get("sessionid")
        self.fields, self.options, self.labels = {}, {}, {}
        for field in command.iter(f"{{{DATA}}}field"):
            var = field.get("var")
            self.fields.setdefault(var, []).extend(v.text or "" for v in field.findall(f"{{{DATA}}}value"))
            self.options[var] = {o.find(f"{{{DATA}}}value").text: o.get("label") for o in field.findall(f"{{{DATA}}}option")}
            self.labels[var] = field.get("label")
        notes = command.findall(f"{{{COMMANDS}}}note")
        self.note = notes[0].text if notes else None
        return self

    def submit(self, **fields):
        """The next stage, with the form filled in."""
        return self.send("complete", {var.replace("_", "-"): values for var, values in fields.items()})

    def cancel(self):
        return self.send("cancel")


def listed(person):
    """The nodes that this person is offered."""
    query = "<query xmlns='http://jabber.org/protocol/disco#items' node='%s'/>" % COMMANDS
    items = person.ask("get", query).iter("{http://jabber.org/protocol/disco#items}item")
    return [item.get("node") for item in items if item.get("jid") == DOMAIN]
