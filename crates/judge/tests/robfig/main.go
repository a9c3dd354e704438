// Writes slots.txt: what robfig/cron v3 makes of many schedules. Run in this folder:
//
//	go run . > slots.txt
//
// It needs Go alone; its zones are those of Go's own copy. The same source gives the same text.
package main

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"math/rand"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/robfig/cron/v3"
)

var zones = []string{
	"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Santiago",
}

const (
	slots = 32 // after each moment, within a year
	seed  = 14 // of what is made at random
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	begin := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	fmt.Fprintln(out, "# Made by main.go beside it. A line: a schedule and, by zone, a hash of its slots; or `-` where it is refused.")
	fmt.Fprintln(out, "# changes: zone, and seconds since 1970 at which its clocks are changed in the year.")
	changes := map[string][]time.Time{}
	for _, zone := range zones {
		location := load(zone)
		changes[zone] = changesOf(location, begin)
		fmt.Fprint(out, "changes\t", zone)
		for _, change := range changes[zone] {
			fmt.Fprint(out, "\t", change.Unix())
		}
		fmt.Fprintln(out)
	}
	for _, text := range schedules() {
		fmt.Fprint(out, text)
		if _, err := cron.ParseStandard(text); err != nil {
			fmt.Fprintln(out, "\t-")
			continue
		}
		for _, zone := range zones {
			schedule, err := cron.ParseStandard("CRON_TZ=" + zone + " " + text)
			if err != nil {
				panic(err)
			}
			fmt.Fprintf(out, "\t%x", hash(schedule, begin, changes[zone], load(zone)))
		}
		fmt.Fprintln(out)
	}
}

func load(zone string) *time.Location {
	location, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	return location
}

// Of the slots after the beginning, and after 30 and 2 hours before each change of the clocks: their
// seconds since 1970, in decimal, each on a line. Left out where robfig loses its way (Lord Howe changes
// by half an hour, Santiago at midnight): from a day before a change to nine days after it.
func hash(schedule cron.Schedule, begin time.Time, changes []time.Time, location *time.Location) uint32 {
	sum := fnv.New32a()
	moments := []time.Time{begin}
	for _, change := range changes {
		moments = append(moments, change.Add(-30*time.Hour), change.Add(-2*time.Hour))
	}
	for _, moment := range moments {
		slot := moment.In(location)
		for kept := 0; kept < slots; {
			slot = schedule.Next(slot)
			if slot.IsZero() || !slot.Before(begin.AddDate(1, 0, 0)) {
				break
			}
			if end, isOdd := oddUntil(slot, changes, location.String()); isOdd {
				slot = end
				continue
			}
			fmt.Fprintln(sum, slot.Unix())
			kept++
		}
	}
	return sum.Sum32()
}

func oddUntil(slot time.Time, changes []time.Time, zone string) (time.Time, bool) {
	if zone != "Australia/Lord_Howe" && zone != "America/Santiago" {
		return slot, false
	}
	for _, change := range changes {
		end := change.Add(9 * 24 * time.Hour)
		if slot.After(change.Add(-24*time.Hour)) && slot.Before(end) {
			return end.In(slot.Location()), true
		}
	}
	return slot, false
}

func changesOf(location *time.Location, begin time.Time) (changes []time.Time) {
	_, before := begin.In(location).Zone()
	for moment := begin; moment.Before(begin.AddDate(1, 0, 0)); moment = moment.Add(30 * time.Minute) {
		if _, offset := moment.In(location).Zone(); offset != before {
			changes = append(changes, moment)
			before = offset
		}
	}
	return changes
}

func schedules() []string {
	texts := strings.Split(strings.Trim(written, "\n"), "\n")
	random := rand.New(rand.NewSource(seed))
	for range 60 {
		texts = append(texts, strings.Join([]string{
			field(random, 0, 59, nil), field(random, 0, 23, nil), field(random, 1, 31, nil),
			field(random, 1, 12, months), field(random, 0, 6, days),
		}, " "))
	}
	return texts
}

var (
	months = strings.Fields("jan feb mar apr may jun jul aug sep oct nov dec")
	days   = strings.Fields("sun mon tue wed thu fri sat")
)

// Some of these are refused, for a range may begin after its end.
func field(random *rand.Rand, least, greatest int, names []string) string {
	value := func() string {
		n := least + random.Intn(greatest-least+1)
		if names != nil && random.Intn(3) == 0 {
			return names[n-least]
		}
		return fmt.Sprint(n)
	}
	item := func() string {
		switch random.Intn(7) {
		case 0:
			return fmt.Sprintf("*/%d", 1+random.Intn(greatest))
		case 1:
			return fmt.Sprintf("%s/%d", value(), 1+random.Intn(greatest))
		case 2:
			return value() + "-" + value()
		case 3:
			return fmt.Sprintf("%s-%d/%d", value(), greatest, 1+random.Intn(9))
		default:
			return value()
		}
	}
	switch random.Intn(5) {
	case 0, 1:
		return "*"
	case 2:
		return item() + "," + item()
	default:
		return item()
	}
}

const written = `
* * * * *
0 * * * *
30 * * * *
*/5 * * * *
*/20 * * * *
*/7 * * * *
0 */2 * * *
30 */2 * * *
0 */4 * * *
0 */6 * * *
0 */5 * * *
0 0 * * *
30 0 * * *
0 1 * * *
30 1 * * *
45 1 * * *
0 2 * * *
15 2 * * *
30 2 * * *
59 2 * * *
0 3 * * *
15 3 * * *
0 4 * * *
30 23 * * *
59 23 * * *
*/30 2 * * *
*/10 1-3 * * *
0 1,2,3 * * *
0 6,10,14,22 * * *
0 8-18 * * 1-5
*/15 8-17 * * mon-fri
0 3 * * 0
0 3 * * sun
0 3 * * 1-5
0 3 * * MON-FRI
0 3 * * Mon,Wed,Fri
0 3 * * 6
30 2 * * 0
0 22 * * 1,3,5
0 3 1 * *
0 3 31 * *
0 3 1,15 * *
0 3 1 1 *
0 3 1 */3 *
0 0 29 2 *
0 3 1 jan,jul *
0 3 1-7 * 1
0 3 13 * 5
0 3 13 * fri
0 3 */1 * 1
0 3 1 * */1
0 3 */2 * 1
0 3 1 * */2
0 3 *,1 * 1
0 3 1 * *,1
0 3 ? * 1
0 3 1 * ?
0 3 ? * ?
? ? * * *
?/10 ? ? ? ?
5/15 * * * *
0 5/6 * * *
0 3 10/10 * *
0 3 * 2/4 *
0 3 * * 2/2
0 3 * jan/3 *
0 3 * * mon/2
0-0 3 * * *
00 03 * * *
0 3 01 01 *
+5 3 * * *
0,30 3 * * *
0,0,0 3 * * *
0,30, 3 * * *
,0 3 * * *
*-1 3 * * *
0 3 *-1 * 1
*/61 3 * * *
0 */24 * * *
0 3 */32 * *
5-10/3 * * * *
5-59/15 * * * *
0   3 *  * *
@yearly
@annually
@monthly
@weekly
@daily
@midnight
@hourly
@every 20m
@every 1h30m
@every 24h
@every 1.5h
@every 90s
@every 500ms
@every 0s
@every 0
@every -5m
@every 1h5m30s
@every
@every 20
@every 1d
@every 20min
@every 1 h
@every m
@every h1
@noon
@Daily
@reboot
0 3 * * 7
0 3 * * 0-7
0 3 * * 5-7
0 3 * * sunday
0 3 * january *
0 3 * * 1#2
0 3 * * 5L
0 3 L * *
0 3 15W * *
0 3 LW * *
60 * * * *
0 24 * * *
0 3 0 * *
0 3 32 * *
0 3 * 0 *
0 3 * 13 *
0 22-2 * * *
0 3 * * fri-mon
0 3 * nov-feb *
*/0 * * * *
0/0 * * * *
5-10-15 * * * *
5/10/15 * * * *
/5 * * * *
-5 * * * *
5- * * * *
- * * * *
a * * * *
1.5 * * * *
* * * *
* * * * * *
0 0 3 * * *
0 0 3 * * * 2026
0 3 * * mon-5
0 3 * * mOn
0 3 * * m
0 3 * * mo
0 3 mon * *
0 3 * * jan
0 3 ** * *
0 3 *2 * *
0 3 ?? * *
99999999999999999999 * * * *
H 3 * * *
0 0 30 2 *
0 0 31 4,6,9,11 *
`
