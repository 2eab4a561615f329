"""How the page looks: one accent (viridian, a painter's green), system fonts, light and dark."""

from pathlib import Path

import gradio as gr

VIRIDIAN = gr.themes.Color(
    name="viridian",
    c50="#eefaf5", c100="#d5f2e5", c200="#aee4cd", c300="#79cfaf", c400="#43b48d", c500="#1f9873",
    c600="#0f7a5c", c700="#0c624b", c800="#0c4e3d", c900="#0b4033", c950="#04241d",
)  # fmt: skip
SLATE = gr.themes.Color(
    name="slate-ink",
    c50="#f7f8f8", c100="#eff0f1", c200="#e1e3e5", c300="#c9cdd1", c400="#9aa0a8", c500="#666d76",
    c600="#525860", c700="#3a3f46", c800="#25292e", c900="#191c20", c950="#111316",
)  # fmt: skip
SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace'

SCRIPT = (Path(__file__).parent / "page.js").read_text(encoding="utf-8")
STYLES = "\n".join(file.read_text(encoding="utf-8") for file in sorted(Path(__file__).parent.glob("*.css")))

# As a piece of the head: what launch(css=) is given, Gradio rewrites, and loses @container on the way; and a
# component's own css_template is set again with each new value, twelve times a second under a moving pen.
HEAD = f"<style>\n{STYLES}</style>\n<script>\n{SCRIPT}</script>"


def theme() -> gr.themes.Base:
    """Gradio's plain theme in this page's colours; system fonts only, so that nothing is fetched."""
    look = gr.themes.Base(
        primary_hue=VIRIDIAN,
        secondary_hue=VIRIDIAN,
        neutral_hue=SLATE,
        radius_size="lg",
        font=[gr.themes.Font("sans-serif")],
        font_mono=[gr.themes.Font("monospace")],
    )
    look.font, look.font_mono = SANS, MONO  # gr.themes.Font would quote system-ui, and so name a family
    return look.set(
        body_background_fill="*neutral_50",
        body_background_fill_dark="*neutral_950",
        body_text_color_subdued="*neutral_500",
        body_text_color_subdued_dark="*neutral_400",
        background_fill_primary_dark="*neutral_900",
        block_background_fill_dark="*neutral_900",
        block_border_color_dark="*neutral_800",
        border_color_primary_dark="*neutral_700",
        color_accent="*primary_600",
        color_accent_soft="*primary_100",
        color_accent_soft_dark="*primary_900",
        block_shadow="none",
        input_border_width="1px",
        block_label_background_fill="transparent",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_text_color="white",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_700",
    )
