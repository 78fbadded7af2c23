package track

import (
	"math"
	"testing"
	"time"
)

func TestNumbersForPeople(t *testing.T) {
	tests := []struct {
		x                    float64
		number, short, count string
	}{
		{0, "0", "0", "0"},
		{12.3456, "12.35", "12.35", "12.3"},
		{0.12, "0.1200", "0.12", "0.120"},
		{-0.5, "-0.5000", "-0.5", "-0.500"},
		{1, "1.000", "1", "1.00"},
		{9.99996, "10.00", "10", "10.0"},
		{999.96, "1000", "1000", "1.00k"},
		{999.4, "999.4", "999.4", "999"},
		{12345.6, "12346", "12350", "12.3k"},
		{123456.7, "123457", "123500", "123k"},
		{999500, "999500", "999500", "1.00M"},
		{4.56e6, "4560000", "4.56e+06", "4.56M"},
		{1.2345e7, "1.234e+07", "1.234e+07", "12.3M"},
		{1e-3, "0.001000", "0.001", "0.00100"},
		{3e-5, "3.000e-05", "3e-05", "3.00e-05"},
		{0.1 + 0.2, "0.3000", "0.3", "0.300"},
		{5e12, "5.000e+12", "5e+12", "5.00T"},
		{math.NaN(), "NaN", "NaN", "NaN"},
		{math.Inf(1), "Infinity", "Infinity", "Infinity"},
		{math.Inf(-1), "-Infinity", "-Infinity", "-Infinity"},
	}
	for _, tt := range tests {
		if got := Number(tt.x); got != tt.number {
			t.Errorf("Number(%v) = %s, want %s", tt.x, got, tt.number)
		}
		if got := Short(tt.x); got != tt.short {
			t.Errorf("Short(%v) = %s, want %s", tt.x, got, tt.short)
		}
		if got := Count(tt.x); got != tt.count {
			t.Errorf("Count(%v) = %s, want %s", tt.x, got, tt.count)
		}
	}
}

func TestDurationsForPeople(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0.0s", 0: "0.0s", 440 * time.Millisecond: "0.4s", 9940 * time.Millisecond: "9.9s", 9960 * time.Millisecond: "10s",
		59600 * time.Millisecond: "1m00s", 200 * time.Second: "3m20s", time.Hour - time.Second: "59m59s",
		2*time.Hour + 5*time.Minute: "2h05m", 76 * time.Hour: "3d04h",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestTextsLoseTheirControlCharacters(t *testing.T) {
	if got, want := oneLine(" a\nb\tc\x1b[31m\r\u009bd é\n"), "a b c[31md é"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
