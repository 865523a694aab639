"""The rules: one public function a verb; each owns or joins its transaction."""
