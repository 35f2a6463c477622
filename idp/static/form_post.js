// Sends the form of the form_post response mode; without JavaScript the person presses its button.
document.forms.form_post?.submit();
