"""Names to draw from: a little of everybody who may live in Auckland. For ``people.py``."""

from __future__ import annotations

_FIRST = """
    Ana Aroha Mere Hine Ngaire Moana Kiri Tia Anahera Huia Wiremu Hēmi Tāne Rāwiri Hoani Matiu Tama Nikau Kahu Rangi
    Sina Lupe Talia Malia Sefa Sione Tevita Semisi Losa Fetu Priya Anjali Deepa Kavita Sunita Arjun Rohan Vikram Sanjay
    Rahul Mei Xin Li Jing Hui Wei Jun Hao Ming Yan Yuki Haruto Sakura Kenji Minji Seojun Jisoo Hyun Thi Linh Minh Anh
    Fatima Aisha Layla Omar Yusuf Hassan Zainab Amir Elizabeth Margaret Katherine Rebecca Jennifer Susan Victoria Sarah
    Emma Olivia Charlotte Amelia Isla Mia Ava Grace Sophie Lucy Hannah Georgia Zoë Chloë Ella Ruby Alice Ivy Hazel
    Robert William James Thomas Michael Christopher Matthew Andrew Daniel Joshua Benjamin Samuel Nicholas Alexander
    Edward Jack Oliver Noah Leo George Harry Max Finn Luke Ryan Liam Ethan Mason Logan Hunter Cooper Tyler Blake Craig
    Graeme Trevor Murray Bruce Colin Keith Neville Beverley Lorraine Heather Glenys Maureen Raewyn Joan Jean John Jon
    Anna Anne Annie Marie Maria Mary Kate Kim Lee Sam Alex Jamie Robin Lynn Dale Shane Wayne Dean Glen Ross Stuart Iain
    Pieter Anneke Willem Marijke Lars Ingrid Sven Freya Bjørn Astrid Luca Giulia Marco Chiara Diego Lucía Mateo Camila
    João Beatriz Piotr Agnieszka Jan Zofia Ivan Olga Dmitri Natasha Nikola Jelena Goran Ivana
"""

_LAST = """
    Smith Brown Wilson Taylor Williams Jones Thompson Anderson Walker White Harris Clark Martin Lewis Robinson Hall
    Young King Wright Green Baker Adams Hill Scott Campbell Mitchell Stewart Morris Cook Murphy Bell Kelly Cooper Ward
    Richardson Wood Watson Bennett Gray Hughes Price Reid Ross Graham Hamilton Fraser McDonald McKenzie McLeod Murray
    Henderson Simpson Ferguson Cameron Grant Kerr Duncan Sinclair Sutherland Gibson O'Neill O'Brien O'Connor Byrne Doyle
    Ngata Kingi Hohepa Parata Tamihana Waititi Rangihuna Paki Henare Wharepapa Tipene Hēnare Pōtae Tūhoe Rewiti Mahuta
    Kereama Whaanga Takerei Herangi Fonoti Tuilagi Leota Faleolo Tupou Vainikolo Fifita Taufa Latu Moala Sopoaga Ioane
    Patel Singh Sharma Kumar Gupta Reddy Nair Iyer Kaur Gill Chand Prasad Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou
    Xu Sun Lin Guo Ho Wong Chan Cheung Lam Leung Kim Lee Park Choi Jung Kang Tanaka Suzuki Satō Watanabe Itō Nguyen
    Tran Pham Hoang Ali Khan Ahmed Hussain Rahman Hassan Ibrahim Mohamud Warsame Vandyk Devries Jansen Visser Bakker
    Hansen Nielsen Larsen Lindqvist Berg Schmidt Müller Weber Wagner Schröder Rossi Russo Ferrari Romano García
    Fernández Rodríguez López Silva Santos Oliveira Kowalski Nowak Wiśniewski Petrov Ivanova Marković Jovanović Yelich
    Featherstonehaugh Cholmondeley Winterbottom Papadopoulos Christodoulou Fitzgerald-Hughes Ngāta-King Smith-Jones
    Hart Otto Frost Marsh Lowe Nash Pope Rice Wade York Ball Bond Cole Dunn Ford Hunt Kemp Lamb Moss Page Reed Rudd
"""

# Text, not lists: a list of strings would be four times as long.
FIRST = tuple(_FIRST.split())
LAST = tuple(_LAST.split())

NICKNAMES = {
    "Elizabeth": ("Liz", "Beth", "Lizzie"),
    "Margaret": ("Maggie", "Meg", "Peggy"),
    "Katherine": ("Kate", "Kathy", "Katie"),
    "Rebecca": ("Becky", "Bex"),
    "Jennifer": ("Jen", "Jenny"),
    "Susan": ("Sue",),
    "Victoria": ("Vicky", "Tori"),
    "Robert": ("Rob", "Bob"),
    "William": ("Bill", "Will"),
    "James": ("Jim", "Jamie"),
    "Thomas": ("Tom",),
    "Michael": ("Mike", "Mick"),
    "Christopher": ("Chris",),
    "Matthew": ("Matt",),
    "Andrew": ("Andy", "Drew"),
    "Daniel": ("Dan", "Danny"),
    "Joshua": ("Josh",),
    "Benjamin": ("Ben",),
    "Samuel": ("Sam",),
    "Nicholas": ("Nick",),
    "Alexander": ("Alex", "Sandy"),
    "Edward": ("Ed", "Ted"),
    "Charlotte": ("Charlie", "Lottie"),
    "Olivia": ("Liv",),
    "Anahera": ("Ana",),
    "Beverley": ("Bev",),
}
