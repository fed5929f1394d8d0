// Reads an iCalendar object with ical.js, the library of Thunderbird, and says as JSON what
// a calendar program understands of it. It reads it once more from what the library writes,
// and tells what the second reading lost.
import {readFileSync} from "node:fs"
import ICAL from "ical.js"

const plain = value => (value === null || value === undefined ? "" : String(value))

function understood(text) {
  const calendar = new ICAL.Component(ICAL.parse(text))
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(new ICAL.Timezone(zone)) // the rules of the file, not those of the machine
  }
  return {
    method: plain(calendar.getFirstPropertyValue("method")),
    name: plain(calendar.getFirstPropertyValue("x-wr-calname")),
    refresh: plain(calendar.getFirstPropertyValue("refresh-interval")),
    zones: calendar.getAllSubcomponents("vtimezone").map(z => z.getFirstPropertyValue("tzid")),
    events: calendar.getAllSubcomponents("vevent").map(v => {
      const event = new ICAL.Event(v)
      const start = v.getFirstPropertyValue("dtstart"), end = v.getFirstPropertyValue("dtend")
      const zoned = (time, property) => {
        const id = property.getFirstParameter("tzid")
        if (id) time.zone = ICAL.TimezoneService.get(id)
        return time.isDate ? time.toString() : new Date(time.toUnixTime() * 1000).toISOString()
      }
      return {
        uid: event.uid, sequence: event.sequence, summary: event.summary, description: plain(event.description), location: plain(event.location),
        status: plain(v.getFirstPropertyValue("status")), url: plain(v.getFirstPropertyValue("url")), stamp: plain(v.getFirstPropertyValue("dtstamp")),
        start: zoned(start, v.getFirstProperty("dtstart")), end: zoned(end, v.getFirstProperty("dtend")),
        organizer: plain(event.organizer), organizerName: plain(v.getFirstProperty("organizer")?.getFirstParameter("cn")),
        attendees: event.attendees.map(a => ({
          to: plain(a.getFirstValue()), name: plain(a.getFirstParameter("cn")), rsvp: plain(a.getFirstParameter("rsvp")), role: plain(a.getFirstParameter("role")),
        })),
        properties: v.getAllProperties().map(p => p.name),
      }
    }),
  }
}

const text = readFileSync(0, "utf8")
const first = understood(text)
const again = understood(new ICAL.Component(ICAL.parse(text)).toString())
if (JSON.stringify(first) !== JSON.stringify(again)) {
  console.error("the object does not survive a round trip")
  process.exit(1)
}
console.log(JSON.stringify(first))
