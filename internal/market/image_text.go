package market

import (
	"encoding/binary"
	"unicode/utf8"

	"enishi/internal/section"
)

// Texts stand in an image in runs: for each text its candidate's key and its
// length, then the texts one after the other. A run is sealed with the
// installation's secret, so that the file alone tells nobody's words. What finds
// them is built again.
const textHead = 8 + 4

// write writes the texts that count.
func (v *textView) write(f *section.Writer, seal func(string) []byte) error {
	var head, body []byte
	n := 0
	flush := func() error {
		if n == 0 {
			return nil
		}
		err := f.Section(seal(string(append(head, body...))))
		head, body, n = head[:0], body[:0], 0
		return err
	}
	for i := range v.parts {
		p := &v.parts[i]
		var err error
		eachBit(p.live, func(row int) {
			text := p.text(row)
			head = binary.LittleEndian.AppendUint64(head, uint64(p.keys[row]))
			head = binary.LittleEndian.AppendUint32(head, uint32(len(text)))
			body = append(body, text...)
			if n++; n == runTexts && err == nil {
				err = flush()
			}
		})
		if err != nil {
			return err
		}
	}
	return flush()
}

// texts reads what write wrote.
func (r *imageReader) texts() ([]textChange, error) {
	if r.about.Texts < 0 {
		return nil, unsound("the number of texts")
	}
	var out []textChange
	for n := r.about.Texts; n > 0; n -= runTexts {
		sealed, err := r.next()
		if err != nil {
			return nil, err
		}
		b, err := r.vault.Open(sealed)
		if err != nil {
			return nil, err
		}
		lines := min(n, runTexts)
		if len(b) < lines*textHead {
			return nil, unsound("the length of a section of texts")
		}
		head, body := b[:lines*textHead], b[lines*textHead:]
		for ; len(head) > 0; head = head[textHead:] {
			size := int(binary.LittleEndian.Uint32([]byte(head[8:textHead])))
			if size == 0 || size > len(body) || !utf8.RuneStart(body[0]) {
				return nil, unsound("the length of a text")
			}
			out = append(out, textChange{int64(binary.LittleEndian.Uint64([]byte(head[:8]))), body[:size]})
			body = body[size:]
		}
		if len(body) != 0 {
			return nil, unsound("something stands behind its texts")
		}
	}
	return out, nil
}
