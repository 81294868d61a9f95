package render

// Source is where values of an overlay were written: a file relative to the root, or an entry of a configuration in
// it. Field leads to the entry ("images/2"); a last "#" says that lines count inside the scalar's text, and "@12"
// that the path continues in the document that begins at line 12.
type Source struct {
	File  string `json:"file,omitempty"`
	Field string `json:"field,omitempty"`
	By    string `json:"by,omitempty"`
	// Removed is a key that a patch at RemovedAt removed from this mapping.
	Removed   string       `json:"removed,omitempty"`
	RemovedAt *SourcePlace `json:"removedAt,omitempty"`
	// Inner is the mapping's own place if a key was removed; else that of the entry that names the file.
	Inner *SourcePlace `json:"inner,omitempty"`
	// Over is the value that this one replaced, if that was asked for.
	Over     *SourcePlace `json:"over,omitempty"`
	OverText string       `json:"overText,omitempty"`
}

// SourcePlace is a line and column in a source of the same overlay.
type SourcePlace struct {
	Source int `json:"source"`
	Line   int `json:"line"`
	Column int `json:"column,omitempty"`
}
